internal import Bookkeeping
internal import Migrations

/// The outcome of a run of migrations.
struct RunReport {
    let report: MigrationReport
    let undo: UndoCommands
    /// The objects that a reset dropped first; nil for other runs.
    var dropped: [DoomedSchema]?
    /// The seeds that were loaded afterwards.
    var seeded: [SeedSummary] = []

    func tell(on console: Console) throws { try console.result(Self.result.document(self), else: lines) }

    private var lines: [String] {
        var counts = [(report.appliedSteps.count, "applied"), (report.revertedSteps.count, "reverted")]
            .filter { $0.0 > 0 }.map { "\(counted($0.0, "migration")) \($0.1)" }
        if let dropped, !dropped.isEmpty {
            counts.insert("\(counted(dropped.count, "schema")) dropped", at: 0)
        }
        let version = report.version.map { "version \($0)" } ?? "no migration is applied"
        let done = counts.isEmpty ? "nothing to do" : counts.joined(separator: ", ")
        return ["\(done): \(version)"] + seeded.flatMap(\.lines)
    }

    static let result = ResultDescription<RunReport>([
        .init("applied", each: step, \.report.appliedSteps), .init("reverted", each: step, \.report.revertedSteps),
        .init("version", \.report.version), .init("backup", \.report.backup), .init("undo_commands", \.undoLines),
        .init("running_backups", each: PlanReport.runningBackup, \.report.runningBackups),
        .part(reset) { run in run.dropped.map { ($0, run.seeded) } },
    ])

    private static let step = ResultDescription<MigrationStep>([
        .init("version", \.version), .init("name", \.name), .init("service", \.service), .init("layer", \.layer),
    ])

    private static let reset = ResultDescription<(dropped: [DoomedSchema], seeded: [SeedSummary])>([
        .init("dropped", each: schema, \.dropped), .init("seeded", each: SeedSummary.result, \.seeded),
    ])

    static let schema = ResultDescription<DoomedSchema>([
        .init("schema", \.name), .init("tables", \.tables), .init("rows_estimate", \.rowsEstimate),
        .init("bytes", \.bytes),
    ])

    private var undoLines: [String] { report.undo.map { undo.groups($0).flatMap(\.lines) } ?? [] }
}
