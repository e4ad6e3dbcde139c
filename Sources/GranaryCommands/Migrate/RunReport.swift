internal import Migrations

/// What a run of migrations came to.
struct RunReport {
    private let report: MigrationReport

    init(_ report: MigrationReport) { self.report = report }

    func tell(on console: Console) throws {
        if console.settings.isJSON {
            return try console.result(
                .object([
                    "applied": .array(report.appliedSteps.map(Self.document)),
                    "reverted": .array(report.revertedSteps.map(Self.document)),
                    "version": report.version.map { .integer($0) } ?? .null, "backup": .optional(report.backup),
                ])
            )
        }
        let counts = [(report.appliedSteps.count, "applied"), (report.revertedSteps.count, "reverted")]
            .filter { $0.0 > 0 }.map { "\(Formatting.count($0.0, "migration")) \($0.1)" }
        let version = report.version.map { "version \($0)" } ?? "no migration is applied"
        try console.result(
            counts.isEmpty ? "nothing to do: \(version)" : "\(counts.joined(separator: ", ")): \(version)"
        )
    }

    private static func document(_ step: MigrationStep) -> JSONDocument {
        .object([
            "version": .integer(step.version), "name": .string(step.name), "service": .string(step.service),
            "layer": .string(step.layer),
        ])
    }
}
