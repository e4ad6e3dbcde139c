internal import Cleaning

/// The output of a cleaning, as text and as JSON.
enum CleanLines {
    /// If there are more tables than this, they are only counted.
    private static let most = 50

    static func plan(_ plan: CleanPlan, at host: String, in environment: String?) -> [String] {
        let place = "\(plan.database) at \(host) (\(environment ?? "no environment"))"
        var lines: [String] = []
        if plan.isEmpty {
            lines.append("\(place): there is nothing to clean")
        } else {
            let amount = [
                counted(plan.tables.count, "table"), rows(plan.rows, isExact: plan.isExact),
                Formatting.bytes(plan.bytes),
            ]
            lines.append("\(place): this will be gone: \(amount.joined(separator: ", "))")
            lines += tables(plan.tables)
            if !plan.sequences.isEmpty {
                lines.append("\(counted(plan.sequences.count, "sequence")) will start again")
            }
        }
        lines +=
            kept(plan.kept) + plan.notes.map { "note: \($0)" } + plan.hits.map { "in the way: \($0)" }
            + plan.obstacles.map { "in the way: \($0)" }
        return lines.map(Formatting.harmless)
    }

    /// Names, rows and sizes, each in a column.
    private static func tables(_ tables: [CleanPlan.Table]) -> [String] {
        let shown = tables.prefix(most)
        let cells = shown.map { table in
            var table = table
            table.name = Formatting.harmless(table.name)
            return (table, rows(table.rows, isExact: table.isExact), Formatting.bytes(table.bytes))
        }
        let names = cells.map { Formatting.width($0.0.name) }.max() ?? 0
        let counts = cells.map { Formatting.width($0.1) }.max() ?? 0
        let sizes = cells.map { Formatting.width($0.2) }.max() ?? 0
        let lines = cells.map { table, count, size in
            let line = [
                "  \(table.name)\(space(names - Formatting.width(table.name)))",
                "\(space(counts - Formatting.width(count)))\(count)", "\(space(sizes - Formatting.width(size)))\(size)",
            ].joined(separator: "  ")
            return table.because.map { "\(line)  \($0)" } ?? line
        }
        return lines + (tables.count > most ? ["  and \(counted(tables.count - most, "table")) more"] : [])
    }

    /// One line for each reason.
    private static func kept(_ kept: [CleanPlan.Kept]) -> [String] {
        var reasons: [String] = []
        for one in kept where !reasons.contains(one.reason) { reasons.append(one.reason) }
        return reasons.map { reason in
            let names = kept.filter { $0.reason == reason }.map(\.name)
            let shown = names.prefix(10).joined(separator: ", ")
            return "left alone (\(reason)): \(shown)" + (names.count > 10 ? " and \(names.count - 10) more" : "")
        }
    }

    static func report(_ report: CleanReport) -> [String] {
        let isExact = report.tables.allSatisfy(\.isExact)
        return [
            [
                "\(report.database)  gone: \(rows(report.rows, isExact: isExact)) of \(counted(report.tables.count, "table"))",
                Formatting.duration(seconds: report.seconds),
            ].joined(separator: "  ")
        ]
    }

    private static func rows(_ count: Int, isExact: Bool) -> String {
        (isExact ? "" : "~") + counted(count, "row")
    }

    private static func space(_ width: Int) -> String { String(repeating: " ", count: max(0, width)) }
}

// For programs.
extension CleanLines {
    static let planResult = ResultDescription<(plan: CleanPlan, environment: String?)>([
        .init("plan") { _ in true }, .init("environment", \.environment), .init("database", \.plan.database),
        .init("tables", each: table, \.plan.tables), .init("rows", \.plan.rows), .init("bytes", \.plan.bytes),
        .init("sequences", \.plan.sequences), .init("kept", each: kept, \.plan.kept),
        .init("obstacles") { $0.plan.hits + $0.plan.obstacles }, .init("notes", \.plan.notes),
        .init("undo") { _ in JSONDocument.null },
    ])

    private static let table = ResultDescription<CleanPlan.Table>([
        .init("table", \.name), .init("rows", \.rows), .init("exact", \.isExact), .init("bytes", \.bytes),
        .init("method", \.method.rawValue), .init("because", \.because),
    ])

    private static let kept = ResultDescription<CleanPlan.Kept>([.init("table", \.name), .init("reason", \.reason)])

    /// The plan; or the report, nil if there was nothing to do, and the shell command that undoes it.
    typealias Outcome = (plan: CleanPlan, report: CleanReport?, environment: String, undo: String?)

    static let result = ResultDescription<Outcome>([
        .init("environment", \.environment), .init("database", \.plan.database),
        .init("tables", each: cleaned) { $0.report?.tables ?? [] }, .init("rows") { $0.report?.rows ?? 0 },
        .init("sequences", \.plan.sequences), .init("kept", each: kept, \.plan.kept), .init("notes", \.plan.notes),
        .init("seconds") { $0.report?.seconds ?? 0 }, .init("undo", \.report?.undo), .init("undo_command", \.undo),
    ])

    private static let cleaned = ResultDescription<CleanReport.Table>([
        .init("table", \.name), .init("rows", \.rows), .init("exact", \.isExact),
    ])
}
