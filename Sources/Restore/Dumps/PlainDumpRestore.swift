internal import AgeEncryption
internal import Archive
internal import Bookkeeping
internal import Databases
internal import Logging
internal import PostgresClient
internal import SQLText
internal import Storage
internal import Synchronization

/// A restore of a plain dump, completely or not at all.
///
///     read the file to its end and check the server; change nothing
///     a new database → playing → following → statistics → the swap
///     with --in-place, in the target itself: BEGIN → playing → following → COMMIT → statistics
struct PlainDumpRestore: Sendable {
    let dump: PlainDump
    let options: RestoreOptions
    let target: TargetDatabase
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    private var dumpOptions: DumpRules.Options {
        DumpRules.Options(
            path: options.file,
            inPlace: options.inPlace,
            database: options.database,
            target: target.name,
            noOwner: options.noOwner,
            noPrivileges: options.noPrivileges,
            noTablespaces: options.noTablespaces,
            withoutForeignRows: options.withoutForeignRows,
            roleMap: options.roleMap
        )
    }

    func run() async throws -> RestoreReport {
        try requireSense()
        progress(.phase("looking at the dump and the server"))
        let survey = try dump.survey(dumpOptions)
        if let refusal = survey.refusal(options, target) { throw refusal }
        if let failure = survey.failure { throw failure }
        var report = options.inPlace ? try await restoreInPlace(survey) : try await restoreBeside(survey)
        report.isComplete = survey.isComplete
        if case .cut(let sentence) = survey.completeness { report.notes.append(sentence) }
        return report
    }

    /// What would happen, and what would prevent it.
    func plan() async throws -> RestorePlanReport {
        try requireSense()
        progress(.phase("reading the dump to its end"))
        let survey = try dump.survey(dumpOptions)
        let refusal = survey.refusal(options, target)
        if refusal == nil, let failure = survey.failure { throw failure }
        let looksInside = options.inPlace && target.exists
        let findings = try await withSession(
            looksInside ? target.address : target.maintenance,
            logger: logger
        ) { try inspect($0, survey) }
        var report = RestorePlanReport(
            database: target.name,
            steps: steps(findings) + findings.notes + (refusal == nil ? survey.notes : []),
            tables: 0,
            rows: nil,
            rawBytes: dump.source.byteCount,
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

    /// No part of a plain dump can be chosen.
    private func requireSense() throws {
        if let encoding = options.encoding, let name = DumpEncoding.unsafe([encoding]) {
            throw RestoreError(
                .usage,
                "characters of \(name) may hold quotes and backslashes, so that no dump is read in it",
                hint: "turn it into UTF-8, such as with iconv -f \(name) -t UTF-8"
            )
        }
        let given: [(String, Bool)] = [
            ("--schema", !options.schemas.isEmpty), ("--table", !options.tables.isEmpty),
            ("--exclude-schema", !options.excludedSchemas.isEmpty),
            ("--exclude-table", !options.excludedTables.isEmpty),
            ("--exclude-table-data", !options.tablesWithoutData.isEmpty), ("--rows", options.rows != nil),
            ("--data-only", options.dataOnly), ("--roles", options.createsRoles),
            ("--allow-invalid", options.allowInvalid),
            ("--drop-old with --in-place", options.dropOld && options.inPlace),
        ]
        let names = given.filter(\.1).map(\.0)
        guard names.isEmpty else {
            throw RestoreError(
                .usage,
                "\(names.joined(separator: ", ")) cannot be used with a plain dump, which is restored as it is",
                hint: "back up as an archive, or leave the options out"
            )
        }
    }

    /// Checks on the server what would fail.
    private func inspect(_ session: borrowing Session, _ survey: DumpSurvey) throws -> Preflight.Findings {
        var findings = try TargetCheck(
            target: target,
            force: options.force,
            replaces: !options.inPlace,
            neededBytes: dump.source.byteCount
        ).inspect(session)
        let obstacles =
            try Preflight.missing(extensions: survey.needs.extensions.sorted(), session)
            + Preflight.missing(roles: survey.needs.roles.filter { !findings.roles.contains($0) }.sorted())
        findings.obstacles = obstacles + (try unknownEncoding(session)) + findings.obstacles
        findings.obstacles += try rights(findings, survey, session)
        Preflight.settle(&findings, keepGoing: options.keepGoing, isInPlace: options.inPlace)
        return findings
    }

    /// The rights that the role lacks, as for an archive.
    private func rights(
        _ findings: Preflight.Findings,
        _ survey: DumpSurvey,
        _ session: borrowing Session
    ) throws -> [Preflight.Obstacle] {
        var needed = survey.needs.rights
        if options.inPlace {
            let installed = try session.query("SELECT extname FROM pg_catalog.pg_extension").map { $0.text("extname") }
            needed.extensions.removeAll { Set(exactly: installed).contains($0) }
        }
        return try RightsCheck(
            needed: needed,
            noOwner: options.noOwner,
            isInPlace: options.inPlace,
            findings: findings,
            databaseOwner: findings.existing?.owner ?? properties(findings, survey, session).owner
        ).obstacles(session)
    }

    private func unknownEncoding(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        guard let encoding = options.encoding else { return [] }
        let number = try session.query("SELECT pg_catalog.pg_char_to_encoding($1) AS number", [encoding])[0].int(
            "number"
        )
        guard number < 0 else { return [] }
        return [
            Preflight.Obstacle(
                message: "the server knows no encoding \(encoding)",
                hint: "write its name as PostgreSQL does, such as LATIN1, WIN1252 or UTF8"
            )
        ]
    }
}

// The steps. In a new database each has a session of its own, because the dump may change any setting of its session.
extension PlainDumpRestore {
    /// Executes the dump, one statement after the other.
    private func playing(mayBeCut: Bool, _ server: DumpRules.Server, _ record: DumpRecord) -> RestoreStep {
        RestoreStep(
            events: [.phase("running the dump")],
            work: .once { session in
                let rules = DumpRules(dumpOptions, server: server)
                var player = try DumpPlayer.open(
                    dump,
                    rules,
                    mayBeCut: mayBeCut,
                    leftOut: record.leftOut,
                    keepsGoing: options.keepGoing,
                    prepare: { session in
                        try session.execute(Session.emptySearchPath)
                        try Self.prepare(session)
                        try begin(session)
                    },
                    progress: progress
                )
                try begin(session)
                record.keep(try player.run(&session))
            }
        )
    }

    /// Sets what psql would have at the beginning of the dump.
    private func begin(_ session: borrowing Session) throws {
        try session.execute(Session.databaseSearchPath)
        if let encoding = options.encoding { try session.set([("client_encoding", encoding)]) }
    }

    /// Advances sequences to the values in the rows.
    private func following(_ own: Sequences.Own) -> RestoreStep {
        RestoreStep(work: .once { try Sequences([], feeding: nil, own: own).follow(&$0) })
    }

    private func statistics(_ leftOut: LeftOutList) -> [RestoreStep] {
        guard !options.withoutAnalyze else { return [] }
        let analyze = RestoreStep(
            events: [.phase("gathering statistics")],
            work: .once { session in
                // For tables of other roles the server would only warn.
                try session.execute("SET client_min_messages = error")
                do {
                    try session.execute("ANALYZE")
                } catch let error as PostgresError where error.isOfStatement {
                    // ANALYZE ends at the first table that fails.
                    try analyzeEach(leftOut, &session)
                }
            }
        )
        return [analyze]
    }

    private func analyzeEach(_ leftOut: LeftOutList, _ session: inout Session) throws {
        let tables = try session.query(
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
                AND n.nspname <> 'information_schema' ORDER BY 1, 2
            """
        ).map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
        for table in tables {
            try leftOut.falling("statistics of \(table)", &session) {
                try $0.execute("ANALYZE \($0.quoted(table))")
            }
        }
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

    /// Sets the database's own settings for user code, and those that every session needs. The dump itself sets the
    /// formats of values.
    private static func prepare(_ session: borrowing Session) throws {
        try session.restoreFirstSettings()
        try session.set(try session.userCodeSettings().own)
        try SchemaStatements.fireTriggers(session)
        try session.set([
            ("default_transaction_deferrable", "off"), ("synchronous_commit", "off"),
            ("client_min_messages", "warning"),
            // The database's own may be others, which the text of the dump does not fit. pg_dump does not set
            // array_nulls, although its rows may contain NULL in arrays.
            ("standard_conforming_strings", "on"), ("array_nulls", "on"),
        ])
    }
}

// In a new database.
extension PlainDumpRestore {
    private func restoreBeside(_ survey: DumpSurvey) async throws -> RestoreReport {
        try await RestoreBeside(
            target: target,
            options: options,
            state: StateReturn(dump: options),
            logger: logger,
            progress: progress
        ).run(
            inspect: { session in
                let findings = try inspect(session, survey)
                return (findings, try findings.existing ?? properties(findings, survey, session))
            },
            fill: { beginning in try await fill(beginning, survey) }
        )
    }

    private func fill(_ beginning: RestoreBeside.Beginning, _ survey: DumpSurvey) async throws -> RestoreReport {
        let (findings, record) = (beginning.findings, DumpRecord())
        let isNew = findings.existing == nil
        let database = target.maintenance.database(beginning.name)
        let server = DumpRules.Server(roles: findings.roles, newDatabase: isNew ? beginning.name : nil)
        try await steps(in: database)
            .run([playing(mayBeCut: survey.isCut, server, record), following(.none)] + statistics(record.leftOut))
        let unset = try await withSession(target.maintenance, logger: logger) { session in
            try session.pin()
            return try NewDatabase.apply(
                beginning.properties,
                to: beginning.name,
                role: { isNew && options.noOwner && !findings.roles.contains($0) ? nil : $0 },
                session
            )
        }
        for unset in unset { record.leftOut.add(unset.property, because: unset.reason, .fallback) }
        let notes = try await finish(record.outcome, in: database)
        var report = record.report(on: target.name)
        report.notes += notes
        return report
    }

    /// Executes what the dump says about its database as a whole and can only be done inside it.
    private func finish(_ outcome: DumpPlayer.Outcome, in database: ServerAddress) async throws -> [String] {
        guard !outcome.last.isEmpty else { return [] }
        return try await withSession(database, logger: logger) { session in
            try session.pin()
            try session.set([("client_encoding", outcome.encoding)])
            var notes: [String] = []
            for action in outcome.last {
                do {
                    try session.execute(bytes: action.text ?? [])
                } catch let error as PostgresError where action.mayFail.contains(error.sqlState ?? "") {
                    notes.append("\(action.note ?? "left out"): \(error.message)")
                }
            }
            return notes
        }
    }

    /// The properties of a new database: those of the dump, otherwise the locale of the maintenance database, with
    /// UTF-8 if the locale permits it.
    private func properties(
        _ findings: Preflight.Findings,
        _ survey: DumpSurvey,
        _ session: borrowing Session
    ) throws -> DatabaseProperties {
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
        return survey.needs.database?.properties(properties, dumpOptions) ?? properties
    }
}

// In the target itself.
extension PlainDumpRestore {
    private func restoreInPlace(_ survey: DumpSurvey) async throws -> RestoreReport {
        let start = ContinuousClock.now
        let findings = try await withSession(target.address, logger: logger) { try inspect($0, survey) }
        if let failure = Preflight.failure(findings.obstacles) { throw failure }
        var report = try await withSession(target.address, logger: logger) { session in
            try Self.prepare(session)
            return try session.decisiveTransaction { try restore(findings, &$0) }
        }
        let leftOut = LeftOutList()
        do {
            try await steps(in: target.address).run(statistics(leftOut))
        } catch {
            // Any error, also an interrupt, because the restore is committed.
            report.notes.append("the statistics were not gathered, so run ANALYZE: \(error)")
        }
        report.leftOut += leftOut.all
        report.notes += leftOut.all.map(\.sentence)
        report.seconds = (.now - start) / .seconds(1)
        return report
    }

    private func restore(_ findings: Preflight.Findings, _ session: inout Session) throws -> RestoreReport {
        let (schema, returning, record) = (StateSchema(options.stateSchema), StateReturn(dump: options), DumpRecord())
        let server = DumpRules.Server(roles: findings.roles, newDatabase: nil)
        let steps = StepsInPlace(progress: progress)
        try session.setValueFormats()
        let state = try TargetState.read(schema, before: returning.extent, &session)
        try Self.prepare(session)
        let shelf = try StateShelf(schema, session)
        let before = try Sequences.positions(session)
        try steps.run([playing(mayBeCut: false, server, record)], &session)
        try record.leftOut.requireNothingMissing()
        try session.execute(Session.emptySearchPath)
        try shelf.putBack(session)
        try steps.run([following(.before(before))], &session)
        try session.setValueFormats()
        var report = record.report(on: target.name)
        report.rewinds = try returning.write(state, &session)
        return report
    }
}

/// Results for the following steps.
private final class DumpRecord: Sendable {
    let leftOut = LeftOutList()
    private let kept = Mutex(DumpPlayer.Outcome())

    var outcome: DumpPlayer.Outcome { kept.withLock { $0 } }

    func keep(_ outcome: DumpPlayer.Outcome) { kept.withLock { $0 = outcome } }

    func report(on database: String) -> RestoreReport {
        let (outcome, leftOut) = (outcome, leftOut.all)
        return RestoreReport(
            database: database,
            rows: outcome.rows,
            tables: outcome.tables,
            seconds: 0,
            swapped: false,
            kept: nil,
            invalid: [],
            notes: outcome.notes + leftOut.filter { $0.effect == .fallback }.map(\.sentence),
            leftOut: leftOut
        )
    }
}
