internal import Migrations

/// The progress of a replay.
package enum ReplayEvent: Sendable {
    case started(name: String, number: Int, of: Int)
}

/// The result of a replay.
package struct ReplayReport: Sendable {
    /// A migration that was run up, down and up again.
    package struct Step: Sendable, Equatable {
        package var service: String
        package var version: Int
        package var name: String
        /// The first environment that it was run for.
        package var environment: String
        package var upMilliseconds: Int
        package var downMilliseconds: Int?
        /// Whether the down file restored everything; nil if there was none to run.
        package var undoes: Bool?
    }

    package var steps: [Step] = []
    package var findings: [Finding] = []
    private var proved: Set<String> = []

    package init() {}

    func hasProved(_ step: ReplayStep) -> Bool { proved.contains(step.identity) }

    mutating func add(_ finding: Finding) {
        if !findings.contains(finding) { findings.append(finding) }
    }

    mutating func add(_ outcome: StepOutcome, of step: ReplayStep, environment: String) {
        for finding in outcome.findings { add(finding) }
        guard outcome.isProof, proved.insert(step.identity).inserted else { return }
        steps.append(
            Step(
                service: step.up.service,
                version: step.up.version,
                name: step.up.name,
                environment: environment,
                upMilliseconds: outcome.upMilliseconds,
                downMilliseconds: outcome.downMilliseconds,
                undoes: outcome.undoes
            )
        )
    }
}
