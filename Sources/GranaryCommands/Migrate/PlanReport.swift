internal import ArgumentParser
internal import Migrations
internal import SQLText

/// What a run would do.
struct PlanReport {
    private let plan: MigrationPlan
    private let environment: String

    init(_ plan: MigrationPlan, environment: String) {
        self.plan = plan
        self.environment = environment
    }

    /// - Throws: `ExitCode`, the one that the run would end with, when something stands in its way.
    func tell(on console: Console) throws {
        if console.settings.isJSON {
            try console.result(document)
        } else {
            for line in lines { try console.result(line: line) }
        }
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

    private var document: JSONDocument {
        .object([
            "environment": .string(environment), "steps": .array(plan.steps.map(Self.document)),
            "obstacles": .array(
                plan.obstacles.map { .object(["message": .string($0.description), "hint": .optional($0.hint)]) }
            ),
            "notes": .strings(plan.notes),
        ])
    }

    private static func document(_ step: MigrationStep) -> JSONDocument {
        .object([
            "version": .integer(step.version), "name": .string(step.name), "service": .string(step.service),
            "direction": .string(step.direction.rawValue), "layer": .string(step.layer),
            "file": .string(step.script.path), "transactional": .bool(step.script.mode == .wrapped),
            "risk_level": .string(step.risk.rawValue), "estimated_duration": .optional(step.estimatedDuration),
            "statements": .array(
                step.script.statements.map { .object(["line": .integer($0.line), "statement": .string($0.summary)]) }
            ),
            "locks": .array(
                step.script.locks.sorted { "\($0.key)" < "\($1.key)" }.map {
                    .object(["relation": .string("\($0.key)"), "mode": .string("\($0.value)")])
                }
            ),
            "destroys": .array(
                step.script.destruction.map { statement, what in
                    .object([
                        "line": .integer(statement.line), "means": .string(what.means.rawValue),
                        "kind": .string(what.kind.rawValue), "name": .string("\(what.relation)"),
                    ])
                }
            ),
        ])
    }
}
