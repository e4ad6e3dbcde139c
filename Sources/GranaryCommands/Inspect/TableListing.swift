package import Inspection
internal import PostgresClient

/// A `TableReport` for people and for programs.
package struct TableListing: Sendable {
    private let report: TableReport

    package init(_ report: TableReport) { self.report = report }

    /// - Parameter width: The terminal's columns; nil for a pipe, which gets no bars.
    package func lines(width: Int?) -> [String] {
        let several = Set(report.tables.map(\.name.schema)).count > 1
        var table = TableRenderer([
            .init("schema", mayShrink: true), .init("table", mayShrink: true),
            .init("kind", mayShrink: true, expendable: 4), .init("rows", isNumber: true),
            .init("statistics", mayShrink: true, expendable: 3), .init("heap", isNumber: true),
            .init("indexes", isNumber: true, expendable: 2), .init("toast", isNumber: true, expendable: 1),
            .init("share", isNumber: true, expendable: 5), .init("", expendable: 0), .init("remark", mayShrink: true),
        ])
        let whole = max(1, report.bytes)
        for row in report.tables {
            let share = Double(row.bytes) / Double(whole)
            table.add([
                several || width == nil ? row.name.schema : "", row.name.name, kind(row),
                row.rowsEstimate.map { "~\(grouped($0))" } ?? "?", statistics(row),
                Formatting.bytes(row.heapBytes), Formatting.bytes(row.indexBytes), Formatting.bytes(row.toastBytes),
                "\(Int((share * 100).rounded())) %", width == nil ? "" : Formatting.bar(share, columns: 10),
                remark(row),
            ])
        }
        let count = counted(report.tables.count, "table")
        return table.lines(width: width) + ["\(count), \(Formatting.bytes(report.bytes))"]
    }

    /// What must be known of the figures.
    package var notes: [String] {
        report.sizesAreCurrent
            ? [] : ["sizes are those of the last VACUUM or ANALYZE; a superuser sees those of this moment"]
    }

    private func kind(_ table: TableReport.Table) -> String {
        guard table.kind == .partitionedTable else { return table.kind.rawValue }
        return counted(table.partitions, "partition")
    }

    private func statistics(_ table: TableReport.Table) -> String {
        if table.kind == .partitionedTable, table.partitions == 0 { return "" }
        guard table.isAnalysed else { return "never analysed" }
        return table.statisticsAgeSeconds.map(Formatting.age) ?? "of unknown age"
    }

    private func remark(_ table: TableReport.Table) -> String {
        var remarks: [String] = []
        if let held = table.held {
            remarks.append("\(held.isGranted ? "locked by" : "lock awaited by") process \(held.processID)")
        }
        if !table.isReadable { remarks.append("no privilege") }
        if !table.isPopulated { remarks.append("not populated") }
        return remarks.joined(separator: ", ")
    }

    package var document: JSONDocument {
        .object([
            "tables": .array(report.tables.map(Self.document)), "bytes": .integer(report.bytes),
            "sizes_are_current": .bool(report.sizesAreCurrent),
        ])
    }

    private static func document(_ table: TableReport.Table) -> JSONDocument {
        .object([
            "schema": .string(table.name.schema), "name": .string(table.name.name),
            "kind": .string(table.kind.rawValue), "bytes": .integer(table.bytes),
            "heap_bytes": .integer(table.heapBytes), "index_bytes": .integer(table.indexBytes),
            "toast_bytes": .integer(table.toastBytes), "rows_estimate": .optional(table.rowsEstimate),
            "analysed": .bool(table.isAnalysed), "statistics_age_seconds": .optional(table.statisticsAgeSeconds),
            "partitions": .integer(table.partitions), "readable": .bool(table.isReadable),
            "populated": .bool(table.isPopulated),
            "locked_by": .optional(table.held?.processID),
        ])
    }
}
