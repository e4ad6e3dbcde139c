internal import Archive
internal import Bookkeeping
internal import Databases
internal import Logging
internal import PostgresClient
internal import SQLText
internal import Storage

/// A plain dump, as pg_dump or we write it, all or nothing.
///
///     read the file to its end and look at the server; change nothing
///     a new database → playing → following → statistics → the swap
///     or with --in-place: BEGIN → playing → following → COMMIT → statistics, in the target itself
struct PlainDumpRestore: Sendable {
    let dump: PlainDump
    let options: RestoreOptions
    let target: TargetDatabase
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    private var rules: DumpRules { DumpRules(path: options.file, inPlace: options.inPlace) }

    func run() async throws -> RestoreReport {
        try requireSense()
        progress(.phase("looking at the dump and the server"))
        let survey = try dump.survey(inPlace: options.inPlace)
        if let refusal = survey.refusal(options, target) { throw refusal }
        if let failure = survey.failure { throw failure }
        var report = options.inPlace ? try await restoreInPlace() : try await restoreBeside(survey)
        report.isComplete = survey.isComplete
        if case .cut(let sentence) = survey.completeness { report.notes.append(sentence) }
        return report
    }

    /// What would happen, and what would make it fail.
    func plan() async throws -> RestorePlanReport {
        try requireSense()
        progress(.phase("reading the dump to its end"))
        let survey = try dump.survey(inPlace: options.inPlace)
        let refusal = survey.refusal(options, target)
        if refusal == nil, let failure = survey.failure { throw failure }
        let check = check()
        let findings = try await withSession(target.maintenance, logger: logger) { try check.inspect($0) }
        var report = RestorePlanReport(
            database: target.name,
            steps: steps(findings) + (refusal == nil ? survey.notes : []),
            tables: 0,
            rows: nil,
            rawBytes: check.neededBytes,
            obstacles: (refusal.map { ["\($0.message) (\($0.hint ?? ""))"] } ?? [])
                + findings.obstacles.map { "\($0.message) (\($0.hint))" }
        )
        report.code = survey.code
        report.isComplete = survey.isComplete
        report.refusal = refusal
        return report
    }

    private func steps(_ findings: Preflight.Findings) -> [String] {
        guard !options.inPlace else { return ["run \(options.file) in \(target.name), in one transaction"] }
        return [
            "make a new database beside \(target.name)", "run \(options.file) in it",
            options.lastStep(for: target.name, exists: findings.existing != nil),
        ]
    }

    /// A dump is text: nothing in it can be left out or renamed.
    private func requireSense() throws {
        let given: [(String, Bool)] = [
            ("--schema", !options.schemas.isEmpty), ("--table", !options.tables.isEmpty),
            ("--rows", options.rows != nil),
            ("--data-only", options.dataOnly), ("--no-owner", options.noOwner),
            ("--role-map", !options.roleMap.isEmpty),
            ("--allow-invalid", options.allowInvalid),
            ("--drop-old with --in-place", options.dropOld && options.inPlace),
        ]
        let names = given.filter(\.1).map(\.0)
        guard names.isEmpty else {
            throw RestoreError(
                .selection,
                "\(names.joined(separator: ", ")) cannot be used with a plain dump, which is restored as it is",
                hint: "back up as an archive, or leave the options out"
            )
        }
    }

    private func check() -> TargetCheck {
        TargetCheck(
            target: target,
            force: options.force,
            replaces: !options.inPlace,
            neededBytes: dump.source.byteCount
        )
    }
}

// The steps. Beside the target each has a session of its own: the dump may set anything in its one.
extension PlainDumpRestore {
    /// The dump, statement by statement.
    private func playing(mayBeCut: Bool, _ record: RestoreRecord) -> RestoreStep {
        RestoreStep(
            events: [.phase("running the dump")],
            work: .once { session in
                var player = try DumpPlayer.open(dump, rules, mayBeCut: mayBeCut, progress: progress)
                try session.execute(Session.databaseSearchPath)
                let outcome = try player.run(&session)
                record.update {
                    $0.addedRows = outcome.rows
                    $0.addedTables = outcome.tables
                    $0.notes = outcome.notes
                }
            }
        )
    }

    /// Sequences, as far as the rows.
    private func following(_ own: Sequences.Own) -> RestoreStep {
        RestoreStep(work: .once { try Sequences([], feeding: nil, own: own).follow(&$0) })
    }

    private var statistics: [RestoreStep] {
        guard !options.withoutAnalyze else { return [] }
        let analyze = RestoreStep(
            events: [.phase("gathering statistics")],
            work: .once { session in
                // Of tables that are not ours the server would only warn.
                try session.execute("SET client_min_messages = error")
                try session.execute("ANALYZE")
            }
        )
        return [analyze]
    }

    private func steps(in database: ServerAddress) -> StepsBeside {
        StepsBeside(
            database: database,
            workers: 1,
            logger: logger,
            progress: progress,
            prepare: { session, _ in try Self.prepare(session) }
        )
    }

    /// No timeouts, and the database's own settings where code reads them; the formats of values are for the dump to set.
    private static func prepare(_ session: borrowing Session) throws {
        try session.set(try session.userCodeSettings().own)
        try SchemaStatements.fireTriggers(session)
        try session.set(
            Session.noTimeouts + [
                ("default_transaction_read_only", "off"), ("default_transaction_deferrable", "off"),
                ("synchronous_commit", "off"), ("client_min_messages", "warning"),
                // What pg_dump leaves to the database, although its rows may hold NULL in an array.
                ("standard_conforming_strings", "on"), ("array_nulls", "on"),
            ]
        )
    }
}

// Beside the target.
extension PlainDumpRestore {
    private func restoreBeside(_ survey: DumpSurvey) async throws -> RestoreReport {
        let check = check()
        return try await RestoreBeside(
            target: target,
            options: options,
            state: StateReturn(dump: options),
            logger: logger,
            progress: progress
        ).run(
            inspect: { session in
                let findings = try check.inspect(session)
                return (findings, try findings.existing ?? properties(findings, session))
            },
            fill: { beginning in
                let record = RestoreRecord()
                try await steps(in: target.maintenance.database(beginning.name))
                    .run([playing(mayBeCut: survey.isCut, record), following(.none)] + statistics)
                try await withSession(target.maintenance, logger: logger) { session in
                    _ = try NewDatabase.apply(beginning.properties, to: beginning.name, session)
                }
                return record.report(on: target.name)
            }
        )
    }

    /// Where there is no target yet: the locale of the maintenance database, and UTF-8 wherever that locale can have it.
    private func properties(_ findings: Preflight.Findings, _ session: borrowing Session) throws -> DatabaseProperties {
        guard var properties = try session.properties(ofDatabase: session.database) else {
            throw RestoreError(.preflight, "the database \(session.database) is not in pg_database")
        }
        if ["C", "POSIX"].contains(properties.ctype) { properties.encoding = "UTF8" }
        properties.owner = findings.user
        properties.tablespace = "pg_default"
        properties.connectionLimit = -1
        properties.comment = nil
        properties.privileges = nil
        properties.settings = []
        return properties
    }
}

// In the target itself.
extension PlainDumpRestore {
    private func restoreInPlace() async throws -> RestoreReport {
        let start = ContinuousClock.now
        let check = check()
        let findings = try await withSession(target.address, logger: logger) { try check.inspect($0) }
        if let failure = Preflight.failure(findings.obstacles) { throw failure }
        var report = try await withSession(target.address, logger: logger) { session in
            try Self.prepare(session)
            return try session.decisiveTransaction { try restore(&$0) }
        }
        do {
            try await steps(in: target.address).run(statistics)
        } catch let error as PostgresError where error.code == .server {
            report.notes.append("the statistics could not be gathered: \(error)")
        }
        report.seconds = (.now - start) / .seconds(1)
        return report
    }

    private func restore(_ session: inout Session) throws -> RestoreReport {
        let (schema, returning, record) = (
            StateSchema(options.stateSchema), StateReturn(dump: options), RestoreRecord()
        )
        let steps = StepsInPlace(progress: progress)
        try session.setValueFormats()
        let state = try TargetState.read(schema, before: returning.extent, &session)
        try Self.prepare(session)
        let shelf = try StateShelf(schema, session)
        let before = try Sequences.positions(session)
        try steps.run([playing(mayBeCut: false, record)], &session)
        try session.execute(Session.emptySearchPath)
        try shelf.putBack(session)
        try steps.run([following(.before(before))], &session)
        try session.setValueFormats()
        var report = record.report(on: target.name)
        report.rewinds = try returning.write(state, &session)
        return report
    }
}
