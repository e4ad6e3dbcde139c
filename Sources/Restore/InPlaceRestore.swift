internal import Archive
internal import Bookkeeping
internal import Databases
internal import Logging
internal import PostgresClient

/// Parts of an archive, or all of it, into the target itself: one session, one transaction.
///
///     look at the server; name everything that would fail; change nothing
///     BEGIN → what is in the way is dropped or emptied → schema → rows → constraints → the rest → compare → COMMIT
struct InPlaceRestore: Sendable {
    let archive: ArchiveReader
    let options: RestoreOptions
    let target: TargetDatabase
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    var manifest: Manifest { archive.manifest }

    func run() async throws -> RestoreReport {
        let start = ContinuousClock.now
        let whole = try Selection(manifest, options)
        progress(.phase("looking at the server"))
        let (findings, selection) = try await withSession(target.address, logger: logger) { session in
            var findings = try Preflight(manifest: manifest, options: options, target: target).inspect(session)
            let part = try PartCheck(manifest, options, whole).inspect(session)
            findings.obstacles += part.obstacles
            findings.notes += part.notes
            return (findings, whole.leavingOut(part.leftOut))
        }
        if let failure = Preflight.failure(findings.obstacles) { throw failure }
        var report = try await withSession(target.address, logger: logger) { session in
            let userCode = try session.userCodeSettings()
            try SchemaStatements.pin(session, userCode, [("lock_timeout", "10s")])
            let locks = LockNeed(manifest: manifest, selection: selection, options: options)
            if let failure = Preflight.failure(try locks.obstacle(session).map { [$0] } ?? []) { throw failure }
            return try session.decisiveTransaction { try restore(selection, findings, userCode, &$0) }
        }
        report.notes += findings.notes
        report.seconds = (.now - start) / .seconds(1)
        return report
    }

    private func restore(
        _ selection: Selection,
        _ findings: Preflight.Findings,
        _ userCode: UserCodeSettings,
        _ session: inout Session
    ) throws -> RestoreReport {
        let returning = StateReturn(manifest, options)
        try session.setValueFormats()
        let state = try TargetState.read(StateSchema(options.stateSchema), before: returning.extent, &session)
        try session.set(userCode.whileMaking)
        var report: RestoreReport
        if !options.tables.isEmpty, !options.dataOnly {
            report = try TableRestore(self, selection, findings, userCode).run(&session)
        } else if options.dataOnly {
            report = try DataOnlyRestore(self, selection, userCode, options.roles(findings)).run(&session)
        } else {
            // A part leaves the rest alone, which may hold numbers that these sequences have handed out.
            let own =
                selection.isWholeDatabase
                ? Sequences.Own.none
                : .before(try Sequences.positions(session))
            try clear(selection, &session)
            report = try make(selection, findings, userCode, own, &session)
        }
        try session.setValueFormats()
        report.rewinds = try returning.write(state, &session)
        report.notes += returning.ledger.notes(over: state.applied)
        return report
    }
}

// Making what was dropped.
extension InPlaceRestore {
    /// Makes and loads everything that is selected, in the transaction that is open.
    func make(
        _ selection: Selection,
        _ findings: Preflight.Findings,
        _ userCode: UserCodeSettings,
        _ own: Sequences.Own,
        _ session: inout Session
    ) throws -> RestoreReport {
        let plan = RestorePlan(selection.items, withSubscriptions: options.withSubscriptions)
        var statements = SchemaStatements(
            roles: options.roles(findings),
            withOwners: !options.noOwner,
            tablespaces: findings.tablespaces,
            userCode: userCode
        )
        let post = PostData(
            plan: plan,
            manifest: manifest,
            options: options,
            database: target.address,
            statements: statements,
            logger: logger,
            progress: progress
        )
        progress(.phase("making the schema"))
        let defaults = try DefaultPrivileges(session, ofEveryRole: selection.isWholeDatabase)
        try defaults.reset(session)
        let existing = try InPlaceRestore.extensionsAndSchemas(session)
        let others = try InPlaceRestore.schemasOfOthers(session)
        for schema in selection.placesWithoutItem where !existing.contains("SCHEMA \(schema)") {
            try session.execute("CREATE SCHEMA \(session.quoted(schema))")
        }
        for item in plan.preData where !item.isAbout(others) {
            guard !existing.contains("\(item.kind) \(item.name)") || item.isPublicSchema else { continue }
            try statements.make(item, &session)
        }
        let tally = try load(selection, userCode, &session)
        let waived = try InvalidChecks.restore(tally.waived, &session)
        progress(.phase("building indexes, adding constraints"))
        for build in plan.indexes where build.item.kind == "INDEX" { try statements.make(build.item, &session) }
        for build in plan.indexes where build.item.kind == "CONSTRAINT" {
            var item = build.item
            item.sql = build.sql
            item.ownable = nil
            try statements.make(item, &session)
        }
        let validations = try post.addConstraints(&statements, &session)
        let invalid = try validate(validations, &session)
        progress(.phase("adding triggers, privileges and views"))
        let sequences = try Sequences(selection.sequences, feeding: selection.tables.map(\.tableName), own: own)
            .follow(&session)
        var leftOut: [String] = []
        if let objects = selection.largeObjects {
            leftOut = try LargeObjectLoad.own(
                objects.objects,
                roles: statements.roles,
                withOwners: statements.withOwners,
                &session
            )
        }
        for item in plan.late + plan.privileges + plan.refreshes + plan.eventTriggers where !item.isAbout(others) {
            try statements.make(item, &session)
        }
        // Of a whole database the archive has brought its own.
        if !selection.isWholeDatabase { try defaults.restore(session) }
        try analyze(selection, session)
        try tally.requireAll(of: selection.tablesWithRows)
        try Sequences.compare(sequences, session)
        var report = report(selection, invalid: waived + invalid)
        report.notes = statements.leftOut + leftOut
        return report
    }

    /// Loads all rows into tables that are new or were emptied, one after the other.
    ///
    /// - Parameter tables: The tables in the order of their foreign keys, where these are not off meanwhile.
    func load(
        _ selection: Selection,
        _ userCode: UserCodeSettings,
        inOrderOf tables: [Manifest.Table]? = nil,
        _ session: inout Session
    ) throws -> LoadTally {
        progress(.phase("loading rows"))
        progress(.planned(tables: selection.tablesWithRows.count, bytes: selection.rawBytes))
        let tally = LoadTally()
        var load = TableLoad(
            archive,
            encoding: manifest.database.encoding,
            userCode: userCode,
            tally: tally,
            allowInvalid: options.allowInvalid,
            progress: progress
        )
        for table in tables ?? selection.tablesWithRows {
            try load.runInTransaction(table, &session)
        }
        try session.set(userCode.whileMaking)
        if let objects = selection.largeObjects {
            try LargeObjectLoad.create(
                objects.objects,
                roles: RoleMap(names: options.roleMap),
                withOwners: !options.noOwner,
                &session
            )
            for chunk in objects.chunks {
                try load.run(LoadJob(subject: .largeObjects(chunk), bytes: chunk.rawBytes), &session)
            }
        }
        return tally
    }

    private func validate(_ validations: [Validation], _ session: inout Session) throws -> [String] {
        try validations.compactMap { validation in
            try session.execute("SAVEPOINT granary_validate")
            do {
                try session.execute(validation.validation)
                return nil
            } catch let error as PostgresError where error.sqlState?.hasPrefix("23") == true {
                guard options.allowInvalid else {
                    throw RestoreError(
                        .statement,
                        "\(validation.title) does not hold: \(error)",
                        hint: "--allow-invalid leaves such constraints NOT VALID and lists them"
                    )
                }
                try session.execute("ROLLBACK TO SAVEPOINT granary_validate")
                return validation.title
            }
        }
    }

    func analyze(_ selection: Selection, _ session: borrowing Session) throws {
        guard !options.withoutAnalyze else { return }
        for table in selection.tables { try session.execute("ANALYZE \(session.quoted(table.tableName))") }
    }

    func report(_ selection: Selection, invalid: [String] = []) -> RestoreReport {
        RestoreReport(
            database: target.name,
            rows: selection.rows,
            tables: selection.tablesWithRows.count,
            seconds: 0,
            swapped: false,
            kept: nil,
            keptBytes: nil,
            invalid: invalid.sorted(),
            notes: []
        )
    }

    /// Extensions and schemas that are there, as `KIND name`: those stay as they are.
    private static func extensionsAndSchemas(_ session: borrowing Session) throws -> Set<ExactText> {
        Set(
            exactly:
                try session.query(
                    """
                    SELECT 'EXTENSION ' || extname AS name FROM pg_catalog.pg_extension
                    UNION ALL SELECT 'SCHEMA ' || nspname FROM pg_catalog.pg_namespace
                    UNION ALL SELECT 'PROCEDURAL LANGUAGE ' || lanname FROM pg_catalog.pg_language
                    """
                ).map { $0.text("name") }
        )
    }

    /// Schemas that were emptied and stay another's, whose comment and privileges are for that one to say.
    private static func schemasOfOthers(_ session: borrowing Session) throws -> Set<ExactText> {
        Set(
            exactly:
                try session.query(
                    "SELECT nspname FROM pg_catalog.pg_namespace WHERE NOT pg_catalog.pg_has_role(nspowner, 'USAGE')"
                ).map { $0.text("nspname") }
        )
    }
}

extension TableLoad {
    /// All rows of a table in the transaction that is open; the table is empty.
    mutating func runInTransaction(_ table: Manifest.Table, _ session: inout Session) throws {
        for chunk in table.chunks {
            while true {
                try session.execute("SAVEPOINT granary_chunk")
                do {
                    try copy(chunk, into: table, frozen: false, &session)
                    try session.execute("RELEASE SAVEPOINT granary_chunk")
                    break
                } catch let error as PostgresError where allowInvalid && error.sqlState == "23514" {
                    guard let name = InvalidChecks.violated(error) else { throw error }
                    try session.execute("ROLLBACK TO SAVEPOINT granary_chunk")
                    try session.set(userCode.whileDescribing)
                    try InvalidChecks.waive(name, of: table.tableName, tally, &session)
                }
            }
        }
    }
}

extension Manifest.SchemaItem {
    /// An owner for a schema that initdb made: the item holds no statement that would make it.
    fileprivate var isPublicSchema: Bool { kind == "SCHEMA" && name == "public" && !sql.contains("CREATE SCHEMA") }
}
