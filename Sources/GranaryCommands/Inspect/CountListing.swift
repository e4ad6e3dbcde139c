package import Inspection
internal import PostgresClient

/// `RowCounts` as text and as JSON.
package struct CountListing: Sendable {
    private let counts: RowCounts

    package init(_ counts: RowCounts) { self.counts = counts }

    package func lines(width: Int?) -> [String] { Self.row.table(counts.tables, width: width) + [total] }

    static func figure(_ rows: Int?, _ isExact: Bool) -> String {
        rows.map { "\(isExact ? "" : "~")\(grouped($0))" } ?? "?"
    }

    private var total: String {
        let rows = counts.tables.reduce(0) { $0 + ($1.rows ?? 0) }
        let isExact = counts.tables.allSatisfy(\.isExact)
        return
            "\(counted(counts.tables.count, "table")), \(isExact ? "" : "~")\(counted(rows, "row"))"
    }

    static let result = ResultDescription<CountListing>([.init("tables", each: row, \.counts.tables)])

    private static let row = ResultDescription<RowCounts.Table>([
        .init("table", \.name.description, column: .init("table", mayShrink: true, \.name.description)),
        .init("schema", \.name.schema), .init("name", \.name.name),
        .init("rows", \.rows, column: .init("rows", isNumber: true) { figure($0.rows, $0.isExact) }),
        .init("exact", \.isExact),
        .init(
            "obstacle",
            \.obstacle?.rawValue,
            column: .init("remark", mayShrink: true) { $0.obstacle?.rawValue ?? "" }
        ),
    ])
}

/// The difference between the present rows and those of a backup, as text and as JSON.
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
        let changed = differences.filter { $0.isGone || ($0.change ?? 0) != 0 || $0.hasSameRows == false }.count
        let comparesRows = differences.contains { $0.hasSameRows != nil }
        return Self.row.table(differences, width: width) + [
            "\(counted(changed, "table")) of \(differences.count) changed since \(Formatting.harmless(file)) of \(createdAt)"
        ] + (comparesRows ? [] : ["these are numbers of rows: changed values are not seen; --digests compares them"])
    }

    private static func change(_ row: CountDifference) -> String {
        guard let change = row.change else { return "" }
        let sign = change > 0 ? "+" : ""
        return change == 0 && row.isExact ? "0" : "\(row.isExact ? "" : "~")\(sign)\(grouped(change))"
    }

    private static func remark(_ row: CountDifference) -> String {
        if row.isGone { return "gone" }
        if let obstacle = row.obstacle { return obstacle.rawValue }
        if row.hasSameRows == false { return "other rows" }
        return row.then == nil ? "not in the backup" : ""
    }

    static let result = ResultDescription<DifferenceListing>([
        .init("since", \.file), .init("created_at", \.createdAt), .init("tables", each: row, \.differences),
    ])

    private static let row = ResultDescription<CountDifference>([
        .init("table", \.table.description, column: .init("table", mayShrink: true, \.table.description)),
        .init("then", \.then, column: .init("then", isNumber: true) { $0.then.map(grouped) ?? "-" }),
        .init(
            "rows",
            \.now,
            column: .init("now", isNumber: true) { $0.isGone ? "-" : CountListing.figure($0.now, $0.isExact) }
        ),
        .init("exact", \.isExact), .init("change", \.change, column: .init("change", isNumber: true, change)),
        .init("gone", \.isGone), .init("same_rows", \.hasSameRows),
        .init("obstacle", \.obstacle?.rawValue, column: .init("remark", mayShrink: true, remark)),
    ])
}
