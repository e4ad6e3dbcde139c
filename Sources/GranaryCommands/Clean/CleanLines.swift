internal import Cleaning

/// What cleaning says, to people and to programs.
enum CleanLines {
    /// More tables than this are only counted.
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
                lines.append("\(counted(plan.sequences.count, "sequence")) will begin anew")
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
    static func document(_ plan: CleanPlan, in environment: String?) -> JSONDocument {
        .object([
            "plan": true, "environment": .optional(environment), "database": .string(plan.database),
            "tables": .array(
                plan.tables.map {
                    .object([
                        "table": .string($0.name), "rows": .integer($0.rows), "exact": .bool($0.isExact),
                        "bytes": .integer($0.bytes), "method": .string($0.method.rawValue),
                        "because": .optional($0.because),
                    ])
                }
            ),
            "rows": .integer(plan.rows), "bytes": .integer(plan.bytes), "sequences": .strings(plan.sequences),
            "kept": kept(plan), "obstacles": .strings(plan.hits + plan.obstacles), "notes": .strings(plan.notes),
            "undo": nil,
        ])
    }

    static func document(
        _ plan: CleanPlan,
        _ report: CleanReport?,
        in environment: String,
        undo: String?
    ) -> JSONDocument {
        .object([
            "environment": .string(environment), "database": .string(plan.database),
            "tables": .array(
                (report?.tables ?? []).map {
                    .object(["table": .string($0.name), "rows": .integer($0.rows), "exact": .bool($0.isExact)])
                }
            ),
            "rows": .integer(report?.rows ?? 0), "sequences": .strings(plan.sequences), "kept": kept(plan),
            "notes": .strings(plan.notes), "seconds": .number(report?.seconds ?? 0),
            "undo": .optional(report?.undo), "undo_command": .optional(undo),
        ])
    }

    private static func kept(_ plan: CleanPlan) -> JSONDocument {
        .array(plan.kept.map { .object(["table": .string($0.name), "reason": .string($0.reason)]) })
    }
}
