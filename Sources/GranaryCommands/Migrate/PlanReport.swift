internal import ArgumentParser
internal import Bookkeeping
internal import Migrations
internal import PostgresClient
internal import SQLText

/// The plan of a run.
struct PlanReport {
    let plan: MigrationPlan
    let environment: String
    /// If false, long lists are shortened.
    let showsAll: Bool
    /// The number of entries of a list that are shown.
    private static let most = 50

    /// - Throws: `ExitCode` if there is an obstacle: the code with which the run would end.
    func tell(on console: Console) throws {
        try console.result(Self.result.document(self), else: lines)
        if let first = plan.obstacles.first { throw ExitCode(first.exitStatus.rawValue) }
    }

    private var lines: [String] {
        if plan.steps.isEmpty && plan.obstacles.isEmpty && plan.notes.isEmpty {
            return ["nothing to do in \(environment)"]
        }
        var lines: [String] = []
        for step in plan.steps {
            let facts = [
                step.script.mode == .wrapped ? "in one transaction" : "statement by statement",
                "\(step.risk.rawValue) risk", step.estimatedDuration.map { "about \($0)" },
            ]
            lines.append(
                "\(step.direction.rawValue) \(step.title)  (\(facts.compactMap { $0 }.joined(separator: ", ")))"
            )
            lines.append("  \(step.script.path): \(counted(step.script.statements.count, "statement"))")
            lines += shown(step.script.statements, rest: Self.summary) { "  \($0.line): \($0.summary)" }
            let locks = step.script.locks.filter(\.value.blocksWrites).sorted { "\($0.key)" < "\($1.key)" }
            lines += shown(locks, rest: Self.more("locks")) { "  locks \($0.key): \($0.value)" }
            lines += shown(step.script.destruction, rest: Self.more("of these")) { statement, what in
                "  destroys by \(what.means.rawValue): \(what.kind.rawValue) \(what.relation) (line \(statement.line))"
            }
        }
        lines += (plan.notes + plan.runningBackups.map(\.note)).map { "note: \($0)" }
        if !plan.obstacles.isEmpty { lines.append("It would be refused:") }
        lines += plan.obstacles.map { "- \($0)\($0.hint.map { " (\($0))" } ?? "")" }
        return lines
    }

    /// A line for each of the first elements, and one for the rest.
    private func shown<T>(_ elements: [T], rest: (ArraySlice<T>) -> String, _ line: (T) -> String) -> [String] {
        guard !showsAll, elements.count > Self.most else { return elements.map(line) }
        let more = "  … and \(rest(elements[Self.most...])); `granary migrate plan --all` shows them"
        return elements.prefix(Self.most).map(line) + [more]
    }

    private static func more<T>(_ what: String) -> (ArraySlice<T>) -> String {
        { "\(grouped($0.count)) more \(what)" }
    }

    /// `99,950 more statements: 99,000 INSERT, 950 UPDATE`
    private static func summary(_ statements: ArraySlice<MigrationStatement>) -> String {
        let counts = statements.reduce(into: [String: Int]()) { $0[$1.tag, default: 0] += 1 }
        let tags = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\(grouped($0.value)) \($0.key)" }
        return "\(grouped(statements.count)) more statements: \(tags.listed())"
    }

    static let result = ResultDescription<PlanReport>([
        .init("environment", \.environment), .init("steps", each: step, \.plan.steps),
        .init("obstacles", each: obstacle, \.plan.obstacles), .init("notes", \.plan.notes),
        .init("running_backups", each: runningBackup, \.plan.runningBackups),
    ])

    static let runningBackup = ResultDescription<RunningBackup>([
        .init("pid", \.process), .init("since", \.since), .init("tables") { $0.tables.map(\.spelling) },
    ])

    private static let step = ResultDescription<MigrationStep>([
        .init("version", \.version), .init("name", \.name), .init("service", \.service),
        .init("direction", \.direction.rawValue), .init("layer", \.layer), .init("file", \.script.path),
        .init("transactional") { $0.script.mode == .wrapped }, .init("risk_level", \.risk.rawValue),
        .init("estimated_duration", \.estimatedDuration),
        .init("statements", each: statement, \.script.statements),
        .init("locks", each: lock) { $0.script.locks.sorted { "\($0.key)" < "\($1.key)" } },
        .init("destroys", each: destruction, \.script.destruction),
    ])

    private static let obstacle = ResultDescription<MigrationError>([
        .init("message", \.description), .init("hint", \.hint),
    ])

    private static let statement = ResultDescription<MigrationStatement>([
        .init("line", \.line), .init("statement", \.summary),
    ])

    private static let lock = ResultDescription<(key: RelationName, value: LockMode)>([
        .init("relation", \.key.description), .init("mode", \.value.description),
    ])

    private static let destruction = ResultDescription<(statement: MigrationStatement, what: Destruction)>([
        .init("line", \.statement.line), .init("means", \.what.means.rawValue), .init("kind", \.what.kind.rawValue),
        .init("name", \.what.relation.description),
    ])
}
