internal import Archive
internal import Environments
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

    private var manifest: Manifest { archive.manifest }

    func run() async throws -> RestoreReport {
        let start = ContinuousClock.now
        let selection = try Selection(manifest, options)
        progress(.phase("looking at the server"))
        let findings = try await withSession(target.address, logger: logger) { session in
            try Preflight(manifest: manifest, options: options, target: target).inspect(session)
        }
        if let failure = Preflight.failure(findings.obstacles) { throw failure }
        var report = try await withSession(target.address, logger: logger) { session in
            try session.pin(SchemaStatements.settings.filter { $0.name != "lock_timeout" } + [("lock_timeout", "10s")])
            try requireRoom(for: selection, session)
            return try session.decisiveTransaction { try restore(selection, findings, &$0) }
        }
        report.notes += findings.notes
        report.seconds = (.now - start) / .seconds(1)
        return report
    }

    private func restore(
        _ selection: Selection,
        _ findings: Preflight.Findings,
        _ session: inout Session
    ) throws -> RestoreReport {
        let returning = StateReturn(manifest, options)
        let state = try TargetState.read(StateSchema(options.stateSchema), before: returning.extent, &session)
        var report: RestoreReport
        if !options.tables.isEmpty, !options.dataOnly {
            report = try TableRestore(self, selection, findings).run(&session)
        } else if options.dataOnly {
            report = try DataOnlyRestore(self, selection).run(&session)
        } else {
            try clear(selection, &session)
            report = try make(selection, findings, &session)
        }
        report.rewinds = try returning.write(state, &session)
        report.notes += returning.ledger.notes(over: state.applied)
        return report
    }

    /// Every object is locked until the transaction ends.
    private func requireRoom(for selection: Selection, _ session: borrowing Session) throws {
        let row = try session.query(
            """
            SELECT pg_catalog.current_setting('max_locks_per_transaction')::bigint
                * (pg_catalog.current_setting('max_connections')::bigint + pg_catalog.current_setting('max_prepared_transactions')::bigint)
                AS room
            """
        )[0]
        guard selection.items.count > row.int("room") else { return }
        throw RestoreError(
            .preflight,
            "\(selection.items.count) objects in one transaction need more locks than the server has room for (\(row.int("room")))",
            hint: "raise max_locks_per_transaction, or restore into a new database without --in-place"
        )
    }
}

// Making what was dropped.
extension InPlaceRestore {
    /// Makes and loads everything that is selected, in the transaction that is open.
    func make(
        _ selection: Selection,
        _ findings: Preflight.Findings,
        _ session: inout Session
    ) throws -> RestoreReport {
        let plan = RestorePlan(selection.items, withSubscriptions: options.withSubscriptions)
        var statements = SchemaStatements(
            roles: RoleMap(names: options.roleMap),
            withOwners: !options.noOwner,
            tablespaces: findings.tablespaces
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
        for item in plan.preData where !item.isAbout(others) {
            guard !existing.contains("\(item.kind) \(item.name)") || item.isPublicSchema else { continue }
            try statements.make(item, &session)
        }
        let tally = try load(selection, &session)
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
        try Sequences.set(selection.sequences, &session)
        if let objects = selection.largeObjects {
            try LargeObjectLoad.own(
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
        try Sequences.compare(selection.sequences, session)
        return report(selection, invalid: waived + invalid)
    }

    /// Loads all rows into tables that are new or were emptied, one after the other.
    ///
    /// - Parameter tables: The tables in the order of their foreign keys, where these are not off meanwhile.
    func load(
        _ selection: Selection,
        inOrderOf tables: [Manifest.Table]? = nil,
        _ session: inout Session
    ) throws -> LoadTally {
        progress(.phase("loading rows"))
        progress(.planned(tables: selection.tablesWithRows.count, bytes: selection.rawBytes))
        let tally = LoadTally()
        var load = TableLoad(
            archive,
            encoding: manifest.database.encoding,
            tally: tally,
            allowInvalid: options.allowInvalid,
            progress: progress
        )
        for table in tables ?? selection.tablesWithRows {
            try load.runInTransaction(table, &session)
        }
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
