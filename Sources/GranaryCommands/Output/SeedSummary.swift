internal import Seeding

/// What a run of seeding came to.
struct SeedSummary {
    private let report: SeedReport
    private let isPlan: Bool

    init(_ report: SeedReport, isPlan: Bool) {
        self.report = report
        self.isPlan = isPlan
    }

    func tell(on console: Console) throws {
        for note in report.notes { console.note(note) }
        for script in report.scripts where !script.runs { console.note("\(script.file) is left out: \(script.reason)") }
        if console.settings.isJSON { return try console.result(document) }
        for line in lines { try console.result(line: line) }
    }

    var lines: [String] {
        var lines: [String] = []
        for script in report.scripts where script.runs {
            lines.append("\(isPlan ? "would run" : "ran") \(script.file): \(script.reason)")
        }
        let width = report.tables.map { "\($0.table)".count }.max() ?? 0
        for table in report.tables {
            let name = "\(table.table)"
            let padding = String(repeating: " ", count: width - name.count)
            lines.append("\(name)\(padding)  \(Self.figures(table))")
        }
        let changed = report.tables.reduce(0) { $0 + $1.changes }
        let place = "\(report.environment), \(Formatting.duration(seconds: report.seconds))"
        if report.changesNothing {
            lines.append("nothing \(isPlan ? "would change" : "changed") (\(place))")
        } else {
            lines.append("\(counted(changed, "row")) \(isPlan ? "would change" : "changed") (\(place))")
        }
        return lines
    }

    private static func figures(_ table: SeedReport.Outcome) -> String {
        let parts = [
            (table.inserted, "inserted"), (table.updated, "updated"), (table.unchanged, "unchanged"),
            (table.deleted, "deleted"), (table.skipped, "left out"),
        ].filter { $0.0 > 0 }.map { "\(grouped($0.0)) \($0.1)" }
        return parts.isEmpty ? "no rows" : parts.joined(separator: ", ")
    }

    var document: JSONDocument {
        .object([
            "environment": .string(report.environment), "plan": .bool(isPlan),
            "tables": .array(
                report.tables.map { table in
                    .object([
                        "table": .string("\(table.table)"), "inserted": .integer(table.inserted),
                        "updated": .integer(table.updated), "unchanged": .integer(table.unchanged),
                        "deleted": .integer(table.deleted), "skipped": .integer(table.skipped),
                    ])
                }
            ),
            "scripts": .array(
                report.scripts.map { script in
                    .object([
                        "file": .string(script.file), "ran": .bool(script.runs && !isPlan),
                        "reason": .string(script.reason),
                    ])
                }
            ),
            "notes": .strings(report.notes), "seconds": .number(report.seconds),
        ])
    }
}

/// Which rule chose what, for each column.
struct SeedExplanation {
    let table: String
    let lines: [GeneratorExplanation]

    func tell(on console: Console) throws {
        if console.settings.isJSON {
            return try console.result(
                .object([
                    "table": .string(table),
                    "columns": .array(
                        lines.map { line in
                            .object([
                                "column": .string(line.column), "generator": .string(line.generator),
                                "reason": .string(line.reason),
                            ])
                        }
                    ),
                ])
            )
        }
        let columns = lines.map(\.column.count).max() ?? 0
        let generators = min(60, lines.map(\.generator.count).max() ?? 0)
        for line in lines {
            let name = line.column + String(repeating: " ", count: max(0, columns - line.column.count))
            let generator = line.generator + String(repeating: " ", count: max(0, generators - line.generator.count))
            try console.result(Formatting.harmless("\(name)  \(generator)  \(line.reason)"))
        }
    }
}
