package import Inspection
internal import PostgresClient

/// `RowCounts` for people and for programs.
package struct CountListing: Sendable {
    private let counts: RowCounts

    package init(_ counts: RowCounts) { self.counts = counts }

    package func lines(width: Int?) -> [String] {
        var table = TableRenderer([
            .init("table", mayShrink: true), .init("rows", isNumber: true), .init("remark", mayShrink: true),
        ])
        for row in counts.tables {
            table.add([row.name.description, Self.figure(row.rows, row.isExact), row.obstacle?.rawValue ?? ""])
        }
        return table.lines(width: width) + [total]
    }

    static func figure(_ rows: Int?, _ isExact: Bool) -> String {
        rows.map { "\(isExact ? "" : "~")\(grouped($0))" } ?? "?"
    }

    private var total: String {
        let rows = counts.tables.reduce(0) { $0 + ($1.rows ?? 0) }
        let isExact = counts.tables.allSatisfy(\.isExact)
        return
            "\(counted(counts.tables.count, "table")), \(isExact ? "" : "~")\(counted(rows, "row"))"
    }

    package var document: JSONDocument {
        .object([
            "tables": .array(
                counts.tables.map { table in
                    .object([
                        "table": .string(table.name.description), "schema": .string(table.name.schema),
                        "name": .string(table.name.name), "rows": .optional(table.rows),
                        "exact": .bool(table.isExact), "obstacle": .optional(table.obstacle?.rawValue),
                    ])
                }
            )
        ])
    }
}

/// The rows of now beside those of a backup, for people and for programs.
package struct DifferenceListing: Sendable {
    private let differences: [CountDifference]
    private let file: String
    private let createdAt: String

    package init(_ differences: [CountDifference], file: String, createdAt: String) {
        self.differences = differences
        self.file = file
        self.createdAt = createdAt
    }

    package var isEmpty: Bool { differences.isEmpty }

    package func lines(width: Int?) -> [String] {
        var table = TableRenderer([
            .init("table", mayShrink: true), .init("then", isNumber: true), .init("now", isNumber: true),
            .init("change", isNumber: true), .init("remark", mayShrink: true),
        ])
        for row in differences {
            table.add([
                row.table.description, row.then.map(grouped) ?? "-",
                row.isGone ? "-" : CountListing.figure(row.now, row.isExact), change(row), remark(row),
            ])
        }
        let changed = differences.filter { $0.isGone || ($0.change ?? 0) != 0 }.count
        return table.lines(width: width) + [
            "\(counted(changed, "table")) of \(differences.count) changed since \(Formatting.harmless(file)) of \(createdAt)"
        ]
    }

    private func change(_ row: CountDifference) -> String {
        guard let change = row.change else { return "" }
        let sign = change > 0 ? "+" : ""
        return change == 0 && row.isExact ? "0" : "\(row.isExact ? "" : "~")\(sign)\(grouped(change))"
    }

    private func remark(_ row: CountDifference) -> String {
        if row.isGone { return "gone" }
        if let obstacle = row.obstacle { return obstacle.rawValue }
        return row.then == nil ? "not in the backup" : ""
    }

    package var document: JSONDocument {
        .object([
            "since": .string(file), "created_at": .string(createdAt),
            "tables": .array(
                differences.map { row in
                    .object([
                        "table": .string(row.table.description), "then": .optional(row.then),
                        "rows": .optional(row.now), "exact": .bool(row.isExact),
                        "change": .optional(row.change), "gone": .bool(row.isGone),
                        "obstacle": .optional(row.obstacle?.rawValue),
                    ])
                }
            ),
        ])
    }
}
