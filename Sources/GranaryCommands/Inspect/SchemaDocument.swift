package import Inspection
internal import PostgresClient

/// A `SchemaReport` for programs, the same for the same schema.
package struct SchemaDocument: Sendable {
    private let report: SchemaReport

    package init(_ report: SchemaReport) { self.report = report }

    package var document: JSONDocument {
        .object([
            "tables": .array(report.tables.map(Self.document)),
            "findings": .array(
                report.findings.map { finding in
                    .object([
                        "kind": .string(finding.kind.rawValue), "table": .string(finding.table.description),
                        "object": .string(finding.object), "columns": .strings(finding.columns),
                    ])
                }
            ),
        ])
    }

    private static func document(_ table: SchemaReport.Table) -> JSONDocument {
        .object([
            "schema": .string(table.name.schema), "name": .string(table.name.name), "kind": .string(table.kind),
            "comment": .optional(table.comment), "partition_key": .optional(table.partitionKey),
            "inherits": .strings(table.inherits.map(\.description)), "unlogged": .bool(table.isUnlogged),
            "row_security": .bool(table.hasRowSecurity), "row_security_forced": .bool(table.forcesRowSecurity),
            "locked": .bool(table.held != nil),
            "columns": .array(
                table.columns.map { column in
                    .object([
                        "name": .string(column.name), "type": .string(column.type),
                        "nullable": .bool(column.isNullable),
                        "default": .optional(column.generation == .none ? column.expression : nil),
                        "generated": .optional(column.generation == .none ? nil : column.rule),
                        "comment": .optional(column.comment),
                    ])
                }
            ),
            "constraints": .array(table.constraints.map(Self.document)),
            "indexes": .array(
                table.indexes.map { index in
                    .object([
                        "name": .string(index.name), "definition": .optional(index.definition),
                        "unique": .bool(index.isUnique), "valid": .bool(index.isValid),
                        "of_constraint": .bool(index.isOfConstraint),
                    ])
                }
            ),
            "triggers": parts(table.triggers), "policies": parts(table.policies),
            "partitions": .array(
                table.partitions.map {
                    .object([
                        "name": .string($0.name), "of": .optional($0.parent), "definition": .optional($0.definition),
                    ])
                }
            ),
            "referenced_by": .array(
                table.referencedBy.map { reference in
                    .object([
                        "table": .string(reference.table.description), "constraint": .string(reference.constraint),
                    ])
                }
            ),
        ])
    }

    private static func document(_ constraint: SchemaReport.Constraint) -> JSONDocument {
        .object([
            "name": .string(constraint.name), "kind": .string(constraint.kind.rawValue),
            "definition": .optional(constraint.definition), "columns": .strings(constraint.columns),
            "validated": .bool(constraint.isValidated), "references": .optional(constraint.references?.description),
            "indexed": .bool(constraint.isIndexed),
        ])
    }

    private static func parts(_ parts: [SchemaReport.Part]) -> JSONDocument {
        .array(
            parts.map { .object(["name": .string($0.name), "definition": .optional($0.definition)]) }
        )
    }
}

extension JSONDocument {
    /// The document over many lines, for files that are compared line by line; ends with a line break.
    var indented: String {
        var text = ""
        write(indentation: 0, to: &text)
        return text + "\n"
    }

    private func write(indentation: Int, to text: inout String) {
        let inner = String(repeating: " ", count: indentation + 2)
        let outer = String(repeating: " ", count: indentation)
        switch self {
        case .array(let elements) where !elements.isEmpty:
            text += "["
            for (index, element) in elements.enumerated() {
                text += (index > 0 ? "," : "") + "\n" + inner
                element.write(indentation: indentation + 2, to: &text)
            }
            text += "\n\(outer)]"
        case .object(let fields) where !fields.isEmpty:
            text += "{"
            for (index, field) in fields.enumerated() {
                text += (index > 0 ? "," : "") + "\n\(inner)\(JSONDocument.string(field.key).text): "
                field.value.write(indentation: indentation + 2, to: &text)
            }
            text += "\n\(outer)}"
        default: text += self.text
        }
    }
}
