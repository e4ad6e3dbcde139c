package import Inspection
internal import PostgresClient

/// A `SchemaReport` as Markdown. Equal schemas have equal texts.
package struct SchemaMarkdown: Sendable {
    private let report: SchemaReport

    package init(_ report: SchemaReport) { self.report = report }

    package var text: String {
        var lines = ["# Schema"]
        for table in report.tables { lines += [""] + self.lines(table) }
        if !report.findings.isEmpty {
            lines += ["", "## Findings", ""]
            lines += report.findings.map { "- " + escaped(SchemaListing.sentence($0)) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func lines(_ table: SchemaReport.Table) -> [String] {
        var lines = ["## \(escaped(table.name.description))", ""]
        var facts = [table.kind]
        if let key = table.partitionKey { facts.append("partitioned by \(code(key))") }
        if !table.inherits.isEmpty {
            facts.append("inherits from " + table.inherits.map { code($0.description) }.joined(separator: ", "))
        }
        if table.isUnlogged { facts.append("unlogged") }
        if let distribution = table.distribution { facts.append(escaped(distribution.summary { $0.description })) }
        if let security = table.rowSecurity { facts.append(security) }
        if table.held != nil { facts.append("locked: expressions and indexes could not be read") }
        lines.append(facts.joined(separator: ", ") + ".")
        if let comment = table.comment { lines += ["", escaped(comment)] }
        lines += ["", "| column | type | null | default | comment |", "| --- | --- | --- | --- | --- |"]
        lines += table.columns.map { column in
            let cells = [
                cell(column.name), cell(column.type), column.isNullable ? "yes" : "no",
                column.rule.map(cell) ?? "", column.comment.map(escaped) ?? "",
            ]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        lines += list(
            "Constraints",
            table.constraints.map {
                item($0.name, $0.definition ?? $0.kind.rawValue) + ($0.isIndexed ? "" : " **no index**")
            }
        )
        lines += list(
            "Indexes",
            table.indexes.filter { !$0.isOfConstraint || !$0.isValid }.map {
                item($0.name, $0.definition) + ($0.isValid ? "" : " **invalid**")
            }
        )
        lines += list("Triggers", table.triggers.map { item($0.name, $0.definition) })
        lines += list("Policies", table.policies.map { item($0.name, $0.definition) })
        lines += list(
            "Partitions",
            table.partitions.map { item($0.name, $0.definition) },
            table.partitions.map(\.level)
        )
        lines += list("Referenced by", table.referencedBy.map { item($0.table.description, $0.constraint) })
        return lines
    }

    private func item(_ name: String, _ text: String?) -> String { "\(code(name)): \(code(text ?? "?"))" }

    /// - Parameter levels: The depth of each item, from 1. By default all have depth 1.
    private func list(_ title: String, _ items: [String], _ levels: [Int] = []) -> [String] {
        guard !items.isEmpty else { return [] }
        return ["", "\(title):", ""]
            + items.enumerated().map { index, item in
                String(repeating: "  ", count: (levels.isEmpty ? 1 : levels[index]) - 1) + "- \(item)"
            }
    }

    /// A vertical bar would end a cell even between backticks. Outside of cells its escape would be visible.
    private func cell(_ text: String) -> String { code(text).replacing("|", with: "\\|") }

    /// Encloses the text in more backticks than any sequence in it has.
    private func code(_ text: String) -> String {
        let text = Formatting.harmless(text)
        var (longest, run) = (0, 0)
        for character in text {
            run = character == "`" ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return longest == 0 ? "\(fence)\(text)\(fence)" : "\(fence) \(text) \(fence)"
    }

    private func escaped(_ text: String) -> String {
        Formatting.harmless(text).reduce(into: "") { escaped, character in
            if "\\`*_[]<>|#&~".contains(character) { escaped.append("\\") }
            escaped.append(character)
        }
    }
}
