internal import ArgumentParser
internal import Migrations
internal import SQLText

/// The plan of a run.
struct PlanReport {
    let plan: MigrationPlan
    let environment: String

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
            for statement in step.script.statements {
                lines.append("  \(statement.line): \(statement.summary)")
            }
            for (name, lock) in step.script.locks.sorted(by: { "\($0.key)" < "\($1.key)" }) where lock.blocksWrites {
                lines.append("  locks \(name): \(lock)")
            }
            for (statement, what) in step.script.destruction {
                lines.append(
                    "  destroys by \(what.means.rawValue): \(what.kind.rawValue) \(what.relation) (line \(statement.line))"
                )
            }
        }
        lines += plan.notes.map { "note: \($0)" }
        if !plan.obstacles.isEmpty { lines.append("It would be refused:") }
        lines += plan.obstacles.map { "- \($0)\($0.hint.map { " (\($0))" } ?? "")" }
        return lines
    }

    static let result = ResultDescription<PlanReport>([
        .init("environment", \.environment), .init("steps", each: step, \.plan.steps),
        .init("obstacles", each: obstacle, \.plan.obstacles), .init("notes", \.plan.notes),
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
