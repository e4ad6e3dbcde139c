internal import PostgresClient
internal import Seeding

/// The outcome of a run of seeding.
struct SeedSummary {
    let report: SeedReport
    let isPlan: Bool

    func tell(on console: Console) throws {
        for note in report.notes { console.note(note) }
        for table in report.skipped {
            console.insist("\(table.table) is left out: \(table.reason)")
            if let hint = table.hint { console.insist("hint: \(hint)") }
        }
        for script in report.scripts where !script.runs { console.note("\(script.file) is left out: \(script.reason)") }
        try console.result(Self.result.document(self), else: lines)
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
        if !report.skipped.isEmpty {
            let names = report.skipped.map(\.table.description).sorted().joined(separator: ", ")
            lines.append("\(counted(report.skipped.count, "table")) left out: \(names)")
        }
        lines += report.written.map { "wrote \($0)" }
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

    static let result = ResultDescription<SeedSummary>([
        .init("environment", \.report.environment), .init("plan", \.isPlan),
        .init("tables", each: table, \.report.tables), .init("scripts", each: script, \.ranScripts),
        .init("skipped", each: skipped, \.report.skipped),
        .init("written") { JSONDocument.strings($0.report.written) }, .init("notes", \.report.notes),
        .init("seconds", \.report.seconds),
    ])

    private static let table = ResultDescription<SeedReport.Outcome>([
        .init("table", \.table.description), .init("inserted", \.inserted), .init("updated", \.updated),
        .init("unchanged", \.unchanged), .init("deleted", \.deleted), .init("skipped", \.skipped),
    ])

    private static let skipped = ResultDescription<SeedReport.Skipped>([
        .init("table", \.table.description), .init("reason", \.reason), .init("hint", \.hint),
    ])

    private static let script = ResultDescription<(script: SeedReport.Script, ran: Bool)>([
        .init("file", \.script.file), .init("ran", \.ran), .init("reason", \.script.reason),
    ])

    private var ranScripts: [(script: SeedReport.Script, ran: Bool)] {
        report.scripts.map { ($0, $0.runs && !isPlan) }
    }
}

/// The rule that chose the generator of each column.
struct SeedExplanation {
    let table: String
    let lines: [GeneratorExplanation]

    func tell(on console: Console) throws {
        let columns = lines.map(\.column.count).max() ?? 0
        let generators = min(60, lines.map(\.generator.count).max() ?? 0)
        try console.result(
            Self.result.document(self),
            else: lines.map { line in
                let name = line.column + String(repeating: " ", count: max(0, columns - line.column.count))
                let space = String(repeating: " ", count: max(0, generators - line.generator.count))
                let constraints = line.constraints.isEmpty ? "" : " (\(line.constraints.joined(separator: ", ")))"
                return "\(name)  \(line.generator)\(space)  \(line.reason)\(constraints)"
            }
        )
    }

    static let result = ResultDescription<SeedExplanation>([
        .init("table", \.table), .init("columns", each: column, \.lines),
    ])

    private static let column = ResultDescription<GeneratorExplanation>([
        .init("column", \.column), .init("generator", \.generator), .init("reason", \.reason),
        .init("constraints") { JSONDocument.strings($0.constraints) },
    ])
}
