internal import Migrations

/// What a run of migrations came to.
struct RunReport {
    private let report: MigrationReport
    /// What a reset dropped before; nil for other runs.
    private let dropped: [DoomedSchema]?

    /// The seeds that came in afterwards.
    private let seeded: [SeedSummary]
    private let undo: UndoCommands

    init(
        _ report: MigrationReport,
        undo: UndoCommands,
        dropped: [DoomedSchema]? = nil,
        seeded: [SeedSummary] = []
    ) {
        self.report = report
        self.undo = undo
        self.dropped = dropped
        self.seeded = seeded
    }

    func tell(on console: Console) throws {
        if console.settings.isJSON {
            var fields: [JSONDocument.Field] = [
                .init(key: "applied", value: .array(report.appliedSteps.map(Self.document))),
                .init(key: "reverted", value: .array(report.revertedSteps.map(Self.document))),
                .init(key: "version", value: .optional(report.version)),
                .init(key: "backup", value: .optional(report.backup)),
                .init(
                    key: "undo_commands",
                    value: .strings(report.undo.map { undo.groups($0).flatMap(\.lines) } ?? [])
                ),
            ]
            if let dropped {
                fields.append(.init(key: "dropped", value: .array(dropped.map(Self.document))))
                fields.append(.init(key: "seeded", value: .array(seeded.map(\.document))))
            }
            return try console.result(.object(fields))
        }
        var counts = [(report.appliedSteps.count, "applied"), (report.revertedSteps.count, "reverted")]
            .filter { $0.0 > 0 }.map { "\(counted($0.0, "migration")) \($0.1)" }
        if let dropped, !dropped.isEmpty {
            counts.insert("\(counted(dropped.count, "schema")) dropped", at: 0)
        }
        let version = report.version.map { "version \($0)" } ?? "no migration is applied"
        try console.result(
            counts.isEmpty ? "nothing to do: \(version)" : "\(counts.joined(separator: ", ")): \(version)"
        )
        for line in seeded.flatMap(\.lines) { try console.result(line: line) }
    }

    static func document(_ schema: DoomedSchema) -> JSONDocument {
        .object([
            "schema": .string(schema.name), "tables": .integer(schema.tables),
            "rows_estimate": .integer(schema.rowsEstimate), "bytes": .integer(schema.bytes),
        ])
    }

    private static func document(_ step: MigrationStep) -> JSONDocument {
        .object([
            "version": .integer(step.version), "name": .string(step.name), "service": .string(step.service),
            "layer": .string(step.layer),
        ])
    }
}
