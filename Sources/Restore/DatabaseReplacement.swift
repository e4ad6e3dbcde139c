internal import Logging
internal import PostgresClient

/// A new database beside the target, which takes the target's place once it is filled, or is dropped again.
///
///     look at the server; throw what stands in the way
///     make the new database, led by a session that is held until the end
///     fill it → the swap
struct DatabaseReplacement: Sendable {
    let target: TargetDatabase
    let options: RestoreOptions
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    /// - Parameters:
    ///   - inspect: Looks at the server, and says what the new database shall be like. Its session is to the
    ///     maintenance database.
    ///   - fill: Fills the new database, by its name.
    func run(
        inspect: @escaping @Sendable (borrowing Session) throws -> (Preflight.Findings, DatabaseProperties),
        fill: @escaping @Sendable (String, DatabaseProperties, Preflight.Findings) async throws -> RestoreReport
    ) async throws -> RestoreReport {
        let start = ContinuousClock.now
        let names = temporaryNames()
        return try await withHeldSession(
            target.maintenance,
            logger: logger,
            prepare: { session in
                let (findings, properties) = try inspect(session)
                if let failure = Preflight.failure(findings.obstacles) { throw failure }
                for name in try NewDatabase.dropAbandoned(session) {
                    logger.notice("dropped \(name), which a restore that was killed had left behind")
                }
                try NewDatabase.create(names.new, like: properties, session)
                return (findings, properties)
            },
            while: { findings, properties in
                do {
                    var report = try await fill(names.new, properties, findings)
                    try await takePlace(of: findings, names, &report)
                    report.seconds = (.now - start) / .seconds(1)
                    return report
                } catch {
                    await dropUnfinished(names.new)
                    throw error
                }
            }
        )
    }

    private func temporaryNames() -> (new: String, old: String) {
        let mark = Timestamp.now
        let unique = String(UInt32.random(in: .min ... .max), radix: 16)
        return (
            DatabaseName.derived(from: target.name, "_granary_\(unique)"),
            DatabaseName.derived(from: target.name, "_before_\(mark)")
        )
    }

    private func takePlace(
        of findings: Preflight.Findings,
        _ names: (new: String, old: String),
        _ report: inout RestoreReport
    ) async throws {
        progress(.phase("putting the new database in place"))
        let old = findings.existing == nil ? nil : names.old
        try await DatabaseSwap(target: target, new: names.new, old: old, force: options.force, logger: logger).run()
        guard let old else { return }
        report.swapped = true
        if options.dropOld {
            do {
                try await withSession(target.maintenance, logger: logger) { try NewDatabase.drop(old, $0) }
                return
            } catch {
                report.notes.append("the old database could not be dropped: \(error)")
            }
        }
        report.kept = old
        report.keptBytes = findings.existingBytes
    }

    /// Whether the failure is ours, the server's or an interrupt: what we made is taken away again.
    private func dropUnfinished(_ name: String) async {
        // A task of its own: the one we are in may have been cancelled.
        await Task {
            do {
                try await withSession(target.maintenance, logger: logger) { try NewDatabase.drop(name, $0) }
            } catch {
                logger.warning("the unfinished database \(name) is still there: \(error); the next restore drops it")
            }
        }.value
    }
}
