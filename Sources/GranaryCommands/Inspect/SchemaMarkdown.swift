package import Inspection
internal import PostgresClient

/// A `SchemaReport` as Markdown, the same for the same schema.
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
        if table.hasRowSecurity { facts.append("row security is on") }
        if table.held != nil { facts.append("locked: expressions and indexes could not be read") }
        lines.append(facts.joined(separator: ", ") + ".")
        if let comment = table.comment { lines += ["", escaped(comment)] }
        lines += ["", "| column | type | null | default | comment |", "| --- | --- | --- | --- | --- |"]
        lines += table.columns.map { column in
            let cells = [
                code(column.name), code(column.type), column.isNullable ? "yes" : "no",
                column.rule.map(code) ?? "", column.comment.map(escaped) ?? "",
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
        lines += list("Partitions", table.partitions.map { item($0.name, $0.definition) })
        lines += list("Referenced by", table.referencedBy.map { item($0.table.description, $0.constraint) })
        return lines
    }

    private func item(_ name: String, _ text: String?) -> String { "\(code(name)): \(code(text ?? "?"))" }

    private func list(_ title: String, _ items: [String]) -> [String] {
        items.isEmpty ? [] : ["", "\(title):", ""] + items.map { "- \($0)" }
    }

    /// Between more backticks than the text has in a row; a bar would end a cell even there.
    private func code(_ text: String) -> String {
        let text = Formatting.harmless(text).replacing("|", with: "\\|")
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
            if "\\`*_[]<>|#".contains(character) { escaped.append("\\") }
            escaped.append(character)
        }
    }
}
