internal import Citus
package import Inspection
internal import PostgresClient

/// A `TableReport` as text and as JSON.
package struct TableListing: Sendable {
    private let report: TableReport

    package init(_ report: TableReport) { self.report = report }

    /// - Parameter width: The width of the terminal; nil for a pipe, where no bars are shown.
    package func lines(width: Int?) -> [String] {
        let several = Set(report.tables.map(\.name.schema)).count > 1
        var rows = rows
        for index in rows.indices {
            rows[index].showsSchema = several || width == nil
            rows[index].showsBar = width != nil
        }
        let count = counted(report.tables.count, "table")
        return Self.row.table(rows, width: width) + ["\(count), \(Formatting.bytes(report.bytes))"]
    }

    private var rows: [Row] {
        report.tables.map { Row(table: $0, share: Double($0.bytes) / Double(max(1, report.bytes))) }
    }

    /// A table with its share of all bytes.
    private struct Row {
        var table: TableReport.Table
        var share: Double
        var showsSchema = true
        var showsBar = false
    }

    static let result = ResultDescription<TableListing>([
        .init("tables", each: row, \.rows), .init("bytes", \.report.bytes),
        .init("sizes_are_current", \.report.sizesAreCurrent),
    ])

    private static let row = ResultDescription<Row>(
        [
            .init(
                "schema",
                \.table.name.schema,
                column: .init("schema", mayShrink: true) { $0.showsSchema ? $0.table.name.schema : "" }
            ),
            .init("name", \.table.name.name, column: .init("table", mayShrink: true, \.table.name.name)),
            .init(
                "kind",
                \.table.kind.rawValue,
                column: .init("kind", mayShrink: true, expendable: 4) { kind($0.table) }
            ),
            .init("bytes") { $0.table.sizeIsKnown ? $0.table.bytes : nil },
            .init(
                "heap_bytes",
                { $0.table.sizeIsKnown ? $0.table.heapBytes : nil },
                column: .init("heap", isNumber: true) { size($0.table, \.heapBytes) }
            ),
            .init(
                "index_bytes",
                { $0.table.sizeIsKnown ? $0.table.indexBytes : nil },
                column: .init("indexes", isNumber: true, expendable: 2) { size($0.table, \.indexBytes) }
            ),
            .init(
                "toast_bytes",
                { $0.table.sizeIsKnown ? $0.table.toastBytes : nil },
                column: .init("toast", isNumber: true, expendable: 1) { size($0.table, \.toastBytes) }
            ),
            .init(
                "rows_estimate",
                \.table.rowsEstimate,
                column: .init("rows", isNumber: true) {
                    $0.table.rowsEstimate.map { "~\(grouped($0))" } ?? "?"
                }
            ),
            .init(
                "analysed",
                \.table.isAnalysed,
                column: .init("statistics", mayShrink: true, expendable: 3) { statistics($0.table) }
            ),
            .init("statistics_age_seconds", \.table.statisticsAgeSeconds), .init("partitions", \.table.partitions),
            .init("distribution", \.table.distribution?.kind.rawValue),
            .init("distribution_column", \.table.distribution?.column),
            .init("colocation_group", \.table.distribution?.group), .init("shards", \.table.distribution?.shards),
            .init("readable", \.table.isReadable), .init("populated", \.table.isPopulated),
            .init("locked_by", \.table.held?.processID, column: .init("remark", mayShrink: true) { remark($0.table) }),
            .column(.init("share", isNumber: true, expendable: 5) { "\(Int(($0.share * 100).rounded())) %" }),
            .column(.init("", expendable: 0) { $0.showsBar ? Formatting.bar($0.share, columns: 10) : "" }),
        ],
        columns: ["schema", "table", "kind", "rows", "statistics", "heap", "indexes", "toast", "share", "", "remark"]
    )

    /// Remarks about the figures.
    package var notes: [String] {
        var notes: [String] = []
        if !report.sizesAreCurrent {
            notes.append("sizes are those of the last VACUUM or ANALYZE; a superuser sees those of this moment")
        }
        if report.tables.contains(where: { !$0.sizeIsKnown }) {
            notes.append("a node of the cluster did not tell the sizes of its shards")
        }
        return notes
    }

    private static func kind(_ table: TableReport.Table) -> String {
        guard table.kind == .partitionedTable else { return table.kind.rawValue }
        return counted(table.partitions, "partition")
    }

    private static func statistics(_ table: TableReport.Table) -> String {
        if table.kind == .partitionedTable, table.partitions == 0 { return "" }
        guard table.isAnalysed else { return "never analysed" }
        return table.statisticsAgeSeconds.map(Formatting.age) ?? "of unknown age"
    }

    private static func size(_ table: TableReport.Table, _ part: (TableReport.Table) -> Int) -> String {
        table.sizeIsKnown ? Formatting.bytes(part(table)) : "unknown"
    }

    private static func remark(_ table: TableReport.Table) -> String {
        var remarks = table.distribution.map { [$0.summary] } ?? []
        if let held = table.held {
            remarks.append("\(held.isGranted ? "locked by" : "lock awaited by") process \(held.processID)")
        }
        if !table.isReadable { remarks.append("no privilege") }
        if !table.isPopulated { remarks.append("not populated") }
        return remarks.joined(separator: ", ")
    }
}
