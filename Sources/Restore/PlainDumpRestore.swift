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
///     a new database → the dump, statement by statement → ANALYZE → the swap
///     or with --in-place: BEGIN → the dump → COMMIT, in the target itself
struct PlainDumpRestore: Sendable {
    let file: RestoreFile
    let options: RestoreOptions
    let target: TargetDatabase
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    private var rules: DumpRules { DumpRules(path: options.file, inPlace: options.inPlace) }

    func run() async throws -> RestoreReport {
        try requireSense()
        progress(.phase("looking at the dump and the server"))
        let survey = try file.dumpSurvey(inPlace: options.inPlace)
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
        let survey = try file.dumpSurvey(inPlace: options.inPlace)
        let refusal = survey.refusal(options, target)
        if refusal == nil, let failure = survey.failure { throw failure }
        let check = check()
        let findings = try await withSession(target.maintenance, logger: logger) { try check.inspect($0) }
        var report = RestorePlanReport(
            database: target.name,
            steps: steps(findings) + (refusal == nil ? survey.notes : []),
            tables: 0,
            rows: 0,
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
        let last =
            switch (findings.existing, options.dropOld) {
            case (nil, _): "name it \(target.name)"
            case (_, true): "swap it with \(target.name), and drop the old database"
            case (_, false): "swap it with \(target.name), and keep the old database under another name"
            }
        return ["make a new database beside \(target.name)", "run \(options.file) in it", last]
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
            neededBytes: file.source.byteCount
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
                let database = target.maintenance.database(beginning.name)
                progress(.phase("running the dump"))
                let outcome = try await withSession(database, logger: logger) { session in
                    try Self.prepare(session)
                    var player = try DumpPlayer.open(file, rules, mayBeCut: survey.isCut, progress: progress)
                    try session.execute(Session.databaseSearchPath)
                    return try player.run(&session)
                }
                // A session of its own: the dump may have set anything in its one.
                try await withSession(database, logger: logger) { session in
                    try Self.prepare(session)
                    try Sequences([], feeding: nil, own: .none).follow(&session)
                }
                if !options.withoutAnalyze { try await analyze(database) }
                try await withSession(target.maintenance, logger: logger) { session in
                    _ = try NewDatabase.apply(beginning.properties, to: beginning.name, session)
                }
                return report(outcome)
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

    private func analyze(_ database: ServerAddress) async throws {
        progress(.phase("gathering statistics"))
        try await withSession(database, logger: logger) { session in
            try Self.prepare(session)
            // Of tables that are not ours the server would only warn.
            try session.execute("SET client_min_messages = error")
            try session.execute("ANALYZE")
        }
    }

    private func report(_ outcome: DumpPlayer.Outcome) -> RestoreReport {
        RestoreReport(
            database: target.name,
            rows: outcome.rows,
            tables: outcome.tables,
            seconds: 0,
            swapped: false,
            kept: nil,
            keptBytes: nil,
            invalid: [],
            notes: outcome.notes
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

// In the target itself.
extension PlainDumpRestore {
    private func restoreInPlace() async throws -> RestoreReport {
        let start = ContinuousClock.now
        let check = check()
        let findings = try await withSession(target.address, logger: logger) { try check.inspect($0) }
        if let failure = Preflight.failure(findings.obstacles) { throw failure }
        progress(.phase("running the dump"))
        let (outcome, rewinds) = try await withSession(target.address, logger: logger) { session in
            try Self.prepare(session)
            return try session.decisiveTransaction { session in
                let schema = StateSchema(options.stateSchema)
                let returning = StateReturn(dump: options)
                try session.setValueFormats()
                let state = try TargetState.read(schema, before: returning.extent, &session)
                try Self.prepare(session)
                let shelf = try StateShelf(schema, session)
                let before = try Sequences.positions(session)
                var player = try DumpPlayer.open(file, rules, progress: progress)
                try session.execute(Session.databaseSearchPath)
                let outcome = try player.run(&session)
                try session.execute(Session.emptySearchPath)
                try shelf.putBack(session)
                try Sequences([], feeding: nil, own: .before(before)).follow(&session)
                try session.setValueFormats()
                return (outcome, try returning.write(state, &session))
            }
        }
        var report = report(outcome)
        report.rewinds = rewinds
        if !options.withoutAnalyze {
            do {
                try await analyze(target.address)
            } catch let error as PostgresError where error.code == .server {
                report.notes.append("the statistics could not be gathered: \(error)")
            }
        }
        report.seconds = (.now - start) / .seconds(1)
        return report
    }
}
