internal import Citus
package import Inspection
internal import PostgresClient

/// A `SchemaReport` as text. Equal schemas have equal texts.
package struct SchemaListing: Sendable {
    private let report: SchemaReport

    package init(_ report: SchemaReport) { self.report = report }

    package var text: String { lines.joined(separator: "\n") }

    /// The text for a terminal of this width. Long lines are wrapped and indented, and nothing is omitted.
    package func text(columns: Int) -> String {
        lines.flatMap { Formatting.wrapped($0, columns: columns, indentation: 8) }.joined(separator: "\n")
    }

    private var lines: [String] {
        var lines: [String] = []
        for table in report.tables { lines += self.lines(table) + [""] }
        let findings = report.findings
        if !findings.isEmpty {
            lines += ["findings"] + findings.map { "  " + Self.sentence($0) } + [""]
        }
        return lines
    }

    static func sentence(_ finding: SchemaReport.Finding) -> String {
        let columns = finding.columns.isEmpty ? "" : " (\(finding.columns.joined(separator: ", ")))"
        return Formatting.harmless("\(finding.kind.rawValue): \(finding.table), \(finding.object)\(columns)")
    }

    private func lines(_ table: SchemaReport.Table) -> [String] {
        var lines = ["\(table.kind) \(Formatting.harmless(table.name.description))"]
        if let comment = table.comment { lines.append("  " + Formatting.harmless(comment)) }
        if let held = table.held {
            lines.append("  locked by process \(held.processID): expressions and indexes could not be read")
        }
        if let key = table.partitionKey { lines.append("  partitioned by " + Formatting.harmless(key)) }
        if !table.inherits.isEmpty {
            let parents = table.inherits.map(\.description).joined(separator: ", ")
            lines.append("  inherits from " + Formatting.harmless(parents))
        }
        if table.isUnlogged { lines.append("  unlogged") }
        if let distribution = table.distribution {
            lines.append("  " + Formatting.harmless(distribution.summary { $0.description }))
        }
        if let security = table.rowSecurity { lines.append("  " + security) }
        lines += columns(table)
        lines += section(
            "constraints",
            table.constraints.map { constraint in
                (
                    constraint.name,
                    (constraint.definition ?? constraint.kind.rawValue) + (constraint.isIndexed ? "" : "  -- no index")
                )
            }
        )
        let indexes = table.indexes.filter { !$0.isOfConstraint || !$0.isValid }
        lines += section(
            "indexes",
            indexes.map { ($0.name, ($0.definition ?? "?") + ($0.isValid ? "" : "  -- invalid")) }
        )
        lines += section("triggers", table.triggers.map { ($0.name, $0.definition ?? "?") })
        lines += section("policies", table.policies.map { ($0.name, $0.definition ?? "?") })
        lines += section(
            "partitions",
            table.partitions.map { (String(repeating: "  ", count: $0.level - 1) + $0.name, $0.definition ?? "?") }
        )
        lines += section("referenced by", table.referencedBy.map { ($0.table.description, $0.constraint) })
        return lines
    }

    private func columns(_ table: SchemaReport.Table) -> [String] {
        var cells = TableRenderer([.init(""), .init(""), .init(""), .init(""), .init("")])
        for column in table.columns {
            cells.add([
                column.name, column.type, column.isNullable ? "" : "not null", column.rule ?? "",
                column.comment.map { "-- \($0)" } ?? "",
            ])
        }
        return ["  columns"] + cells.lines(width: nil).dropFirst().map { "    \($0)" }
    }

    private func section(_ title: String, _ parts: [(String, String)]) -> [String] {
        guard !parts.isEmpty else { return [] }
        var cells = TableRenderer([.init(""), .init("")])
        for (name, text) in parts { cells.add([name, text]) }
        return ["  \(title)"] + cells.lines(width: nil).dropFirst().map { "    \($0)" }
    }
}

extension SchemaReport.Column {
    /// The rule for missing values; nil for a column without a default.
    var rule: String? {
        switch generation {
        case .none: expression.map { "default \($0)" }
        case .identityAlways, .identityByDefault: generation.rawValue
        case .stored, .virtual: "generated always as (\(expression ?? "?")) \(generation.rawValue)"
        }
    }
}

extension SchemaReport.Distribution {
    /// `distributed by id, with shop.items`.
    func summary(_ name: (TableName) -> String) -> String {
        let words =
            switch kind {
            case .distributed: "distributed" + (column.map { " by \($0)" } ?? "")
            case .schema: "in a distributed schema"
            case .reference, .singleShard, .managedLocal: "\(kind.rawValue) table of Citus"
            }
        // In a distributed schema all tables are together.
        guard kind != .schema, !colocated.isEmpty else { return words }
        return words + ", with " + colocated.map(name).joined(separator: ", ")
    }
}
