internal import Citus
package import Inspection
internal import PostgresClient

/// A `SchemaReport` as JSON. Equal schemas have equal documents.
package enum SchemaDocument {
    package static let result = ResultDescription<SchemaReport>([
        .init("tables", each: table, \.tables), .init("findings", each: finding, \.findings),
    ])

    private static let finding = ResultDescription<SchemaReport.Finding>([
        .init("kind", \.kind.rawValue), .init("table", \.table.description), .init("object", \.object),
        .init("columns", \.columns),
    ])

    private static let table = ResultDescription<SchemaReport.Table>([
        .init("schema", \.name.schema), .init("name", \.name.name), .init("kind", \.kind), .init("comment", \.comment),
        .init("partition_key", \.partitionKey), .init("inherits") { $0.inherits.map(\.description) },
        .init("unlogged", \.isUnlogged), .init("row_security", \.hasRowSecurity),
        .init("row_security_forced", \.forcesRowSecurity), .init("locked") { $0.held != nil },
        .init("distribution", \.distribution?.kind.rawValue),
        .init("distribution_column", \.distribution?.column),
        .init("colocated_with") { ($0.distribution?.colocated ?? []).map(\.description) },
        .init("columns", each: column, \.columns), .init("constraints", each: constraint, \.constraints),
        .init("indexes", each: index, \.indexes), .init("triggers", each: part, \.triggers),
        .init("policies", each: part, \.policies), .init("partitions", each: partition, \.partitions),
        .init("referenced_by", each: reference, \.referencedBy),
    ])

    private static let column = ResultDescription<SchemaReport.Column>([
        .init("name", \.name), .init("type", \.type), .init("nullable", \.isNullable),
        .init("default") { $0.generation == .none ? $0.expression : nil },
        .init("generated") { $0.generation == .none ? nil : $0.rule }, .init("comment", \.comment),
    ])

    private static let constraint = ResultDescription<SchemaReport.Constraint>([
        .init("name", \.name), .init("kind", \.kind.rawValue), .init("definition", \.definition),
        .init("columns", \.columns), .init("validated", \.isValidated), .init("references", \.references?.description),
        .init("indexed", \.isIndexed),
    ])

    private static let index = ResultDescription<SchemaReport.Index>([
        .init("name", \.name), .init("definition", \.definition), .init("unique", \.isUnique),
        .init("valid", \.isValid), .init("of_constraint", \.isOfConstraint),
    ])

    private static let part = ResultDescription<SchemaReport.Part>([
        .init("name", \.name), .init("definition", \.definition),
    ])

    private static let partition = ResultDescription<SchemaReport.Partition>([
        .init("name", \.name), .init("of", \.parent), .init("definition", \.definition),
    ])

    private static let reference = ResultDescription<SchemaReport.Reference>([
        .init("table", \.table.description), .init("constraint", \.constraint),
    ])
}

extension JSONDocument {
    /// The document on several lines, for files that are compared line by line. Ends with a line break.
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
