package import Inspection
internal import PostgresClient

/// A `SchemaReport` as a Mermaid diagram: <https://mermaid.js.org/syntax/entityRelationshipDiagram.html>.
package struct SchemaMermaid: Sendable {
    private let report: SchemaReport

    package init(_ report: SchemaReport) { self.report = report }

    package var text: String {
        let tables = report.tables.filter { $0.kind != "view" && $0.kind != "materialized view" }
        let shown = Set(tables.map(\.name))
        var lines = ["erDiagram"]
        for table in tables {
            let keys = keys(table)
            lines.append("    \(entity(table.name)) {")
            for column in table.columns {
                let key = keys[column.name].map { " \($0)" } ?? ""
                lines.append("        \(word(column.type)) \(word(column.name))\(key)")
            }
            lines.append("    }")
        }
        for table in tables {
            for constraint in table.constraints where constraint.kind == .foreignKey {
                guard let other = constraint.references, shown.contains(other) else { continue }
                let mayBeNone = table.columns.contains { constraint.columns.contains($0.name) && $0.isNullable }
                let isOne = table.constraints.contains {
                    ($0.kind == .primaryKey || $0.kind == .unique) && Set($0.columns) == Set(constraint.columns)
                }
                let link = "\(mayBeNone ? "|o" : "||")--\(isOne ? "o|" : "o{")"
                lines.append("    \(entity(other)) \(link) \(entity(table.name)) : \(quoted(constraint.name))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func keys(_ table: SchemaReport.Table) -> [String: String] {
        var keys: [String: [String]] = [:]
        for (kind, mark) in [(SchemaReport.Constraint.Kind.primaryKey, "PK"), (.foreignKey, "FK"), (.unique, "UK")] {
            for constraint in table.constraints where constraint.kind == kind {
                // A column of a composite key is not unique by itself.
                guard kind != .unique || constraint.columns.count == 1 else { continue }
                for column in constraint.columns where !(keys[column] ?? []).contains(mark) {
                    keys[column, default: []].append(mark)
                }
            }
        }
        return keys.mapValues { $0.joined(separator: ", ") }
    }

    private func entity(_ name: TableName) -> String { quoted(name.description) }

    /// Mermaid has no escapes for quotes and percent signs in names.
    private func quoted(_ text: String) -> String {
        let kept = Formatting.harmless(text).map { "\"%\\".contains($0) ? "_" : $0 }
        return "\"\(String(kept))\""
    }

    /// Attributes consist of letters, digits and underscores; other characters become underscores.
    ///
    /// Beyond ASCII, Mermaid treats all characters from U+00C0 on as letters, except those that JavaScript treats as
    /// spaces.
    private func word(_ text: String) -> String {
        var word = ""
        for scalar in text.unicodeScalars {
            let isLetter =
                scalar.isASCII
                ? scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                : scalar.value >= 0xc0 && !scalar.properties.isWhitespace && scalar != "\u{feff}"
                    && !Formatting.isControl(scalar)
            word.unicodeScalars.append(isLetter ? scalar : "_")
        }
        let startsWithDigit = word.unicodeScalars.first.map { ("0"..."9").contains($0) } ?? true
        return startsWithDigit || Self.isMark(word) ? "_\(word)" : word
    }

    /// Whether Mermaid would read the beginning of the name as a key mark, for example a column `pk`.
    private static func isMark(_ word: String) -> Bool {
        let next = word.unicodeScalars.dropFirst(2).first
        return ["PK", "FK", "UK"].contains(word.prefix(2).uppercased()) && next?.isASCII != true
    }
}
