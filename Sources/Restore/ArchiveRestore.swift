internal import Archive
internal import Databases
internal import Logging
internal import PostgresClient

/// An archive into a new database beside the target, which then takes the target's place.
///
///     look at the server; name everything that would fail; change nothing
///     a new database → pre-data → rows, by workers
///     → indexes in parallel → constraints by one session → statistics and checks in parallel
///     → triggers, privileges, materialized views → rows and sequences held against the manifest
///     → the swap
struct ArchiveRestore: Sendable {
    let archive: ArchiveReader
    let options: RestoreOptions
    let target: TargetDatabase
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    private var manifest: Manifest { archive.manifest }

    func run() async throws -> RestoreReport {
        let whole = try Selection(manifest, options)
        let part = PartCheck(manifest, options, whole).ofNewDatabase(target.name)
        let selection = whole.leavingOut(part.leftOut)
        progress(.phase("looking at the server"))
        return try await RestoreBeside(
            target: target,
            options: options,
            state: StateReturn(manifest, options),
            logger: logger,
            progress: progress
        ).run(
            inspect: { session in
                var findings = try Preflight(manifest: manifest, options: options, target: target).inspect(session)
                findings.obstacles += part.obstacles
                findings.notes += part.notes
                return (findings, try properties(findings))
            },
            fill: { beginning in try await fill(beginning, selection) }
        )
    }

    /// The old database's properties, or where there is none those of the archive.
    private func properties(_ findings: Preflight.Findings) throws -> DatabaseProperties {
        var properties = try findings.existing ?? DatabaseProperties(manifest.database)
        let roles = RoleMap(names: options.roleMap)
        if findings.existing == nil {
            if options.noOwner {
                // What the owner may, the new owner may.
                properties.privileges = properties.privileges?.map { privilege in
                    var privilege = privilege
                    if privilege.grantee == properties.owner { privilege.grantee = findings.user }
                    return privilege
                }
            }
            properties.owner = options.noOwner ? findings.user : roles.role(properties.owner)
            if !findings.tablespaces.contains(properties.tablespace) { properties.tablespace = "pg_default" }
        }
        return properties
    }
}

// Filling the new database.
extension ArchiveRestore {
    private func fill(
        _ beginning: RestoreBeside.Beginning,
        _ selection: Selection
    ) async throws -> RestoreReport {
        let (findings, properties) = (beginning.findings, beginning.properties)
        let database = target.maintenance.database(beginning.name)
        let plan = RestorePlan(selection.items, withSubscriptions: options.withSubscriptions)
        progress(.phase("making the schema"))
        try await inOneSession(database, nil) {
            try makePreData(plan, schemaStatements(findings, UserCodeSettings()), selection, &$0)
        }
        // Only now: the text search configuration that the database names may be part of the schema.
        let userCode = try await withSession(database, logger: logger) { try $0.userCodeSettings() }
        let statements = schemaStatements(findings, userCode)
        let post = PostData(
            plan: plan,
            manifest: manifest,
            options: options,
            database: database,
            statements: statements,
            logger: logger,
            progress: progress
        )
        let tally = try await loadRows(into: database, selection, userCode)
        try await post.buildIndexes()
        let (validations, waived) = try await inOneSession(database, userCode) { session in
            var statements = statements
            progress(.phase("adding constraints"))
            let waived = try InvalidChecks.restore(tally.waived, &session)
            return (try post.addConstraints(&statements, &session), waived)
        }
        let invalid = try await post.analyzeAndValidate(
            validations,
            analyze: options.withoutAnalyze ? [] : analyses(selection)
        )
        let leftOut = try await inOneSession(database, userCode) { session in
            progress(.phase("adding triggers, privileges and views"))
            return try finish(plan, statements, selection, tally, &session)
        }
        let unset = try await inOneSession(target.maintenance, nil) { session in
            try NewDatabase.apply(
                properties,
                to: beginning.name,
                role: { findings.existing == nil ? options.roles(findings).present($0) : $0 },
                session
            )
        }
        return RestoreReport(
            database: target.name,
            rows: selection.rows,
            tables: selection.tablesWithRows.count,
            seconds: 0,
            swapped: false,
            kept: nil,
            keptBytes: nil,
            invalid: (waived + invalid).sorted(),
            notes: findings.notes + leftOut + unset
        )
    }

    private func schemaStatements(_ findings: Preflight.Findings, _ userCode: UserCodeSettings) -> SchemaStatements {
        SchemaStatements(
            roles: options.roles(findings),
            withOwners: !options.noOwner,
            tablespaces: findings.tablespaces,
            userCode: userCode
        )
    }

    private func inOneSession<R: Sendable>(
        _ address: ServerAddress,
        _ userCode: UserCodeSettings?,
        _ body: @escaping @Sendable (inout Session) throws -> R
    ) async throws -> R {
        try await withSession(address, logger: logger) { session in
            try SchemaStatements.pin(session, userCode)
            return try body(&session)
        }
    }

    /// In transactions of some hundred items: each item takes locks, and the lock table is finite.
    private func makePreData(
        _ plan: RestorePlan,
        _ statements: SchemaStatements,
        _ selection: Selection,
        _ session: inout Session
    ) throws {
        var statements = statements
        if selection.isWholeDatabase, !manifest.schemas.contains("public") { try session.execute("DROP SCHEMA public") }
        for schema in selection.placesWithoutItem {
            try session.execute("CREATE SCHEMA IF NOT EXISTS \(session.quoted(schema))")
        }
        for start in stride(from: 0, to: plan.preData.count, by: 200) {
            try session.execute("BEGIN")
            for item in plan.preData[start..<min(start + 200, plan.preData.count)] {
                try statements.make(item, &session)
            }
            try session.execute("COMMIT")
            progress(.made(object: "schema", number: min(start + 200, plan.preData.count), of: plan.preData.count))
        }
        if let objects = selection.largeObjects {
            try LargeObjectLoad.create(
                objects.objects,
                roles: statements.roles,
                withOwners: statements.withOwners,
                &session
            )
        }
    }

    private func loadRows(
        into database: ServerAddress,
        _ selection: Selection,
        _ userCode: UserCodeSettings
    ) async throws -> LoadTally {
        progress(.phase("loading rows"))
        progress(.planned(tables: selection.tablesWithRows.count, bytes: selection.rawBytes))
        let tally = LoadTally()
        let queue = WorkQueue(
            LoadJob.jobs(
                selection.tablesWithRows,
                selection.largeObjects,
                workers: options.jobs,
                splitBytes: options.splitBytes
            )
        )
        let encoding = manifest.database.encoding
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<min(options.jobs, queue.count) {
                group.addTask {
                    try await withSession(database, logger: logger) { session in
                        try SchemaStatements.pin(session, userCode)
                        var load = TableLoad(
                            archive,
                            encoding: encoding,
                            userCode: userCode,
                            tally: tally,
                            allowInvalid: options.allowInvalid,
                            progress: progress
                        )
                        while let job = queue.next() { try load.run(job, &session) }
                    }
                }
            }
            try await group.waitForAll()
        }
        return tally
    }

    /// Extensions' tables were not emptied; of partitioned tables the parents have statistics of their own.
    private func analyses(_ selection: Selection) -> [Analysis] {
        selection.tables.sorted { $0.rawBytes > $1.rawBytes }.map { table in
            Analysis(
                table: table.tableName,
                vacuums: options.jobs > 1 && table.rawBytes > options.splitBytes
            )
        }
    }

    private func finish(
        _ plan: RestorePlan,
        _ statements: SchemaStatements,
        _ selection: Selection,
        _ tally: LoadTally,
        _ session: inout Session
    ) throws -> [String] {
        var statements = statements
        let sequences = try Sequences(selection.sequences, feeding: nil, own: .none).follow(&session)
        var leftOut: [String] = []
        if let objects = selection.largeObjects {
            leftOut = try LargeObjectLoad.own(
                objects.objects,
                roles: statements.roles,
                withOwners: statements.withOwners,
                &session
            )
        }
        for item in plan.late + plan.privileges + plan.refreshes + plan.eventTriggers {
            try statements.make(item, &session)
        }
        try tally.requireAll(of: selection.tablesWithRows)
        try Sequences.compare(sequences, session)
        return statements.leftOut + leftOut
    }
}

extension DatabaseProperties {
    /// - Throws: `RestoreError.statement` for what is not the keyword that it should be.
    init(_ database: Manifest.Database) throws {
        self.init(
            name: database.name,
            owner: database.owner,
            encoding: database.encoding,
            collate: database.collate,
            ctype: database.ctype,
            localeProvider: try ArchivedWord(database.localeProvider).text,
            locale: database.locale,
            icuRules: database.icuRules,
            tablespace: database.tablespace,
            connectionLimit: database.connectionLimit,
            comment: database.comment,
            privileges: try database.privileges?.map {
                Privilege(
                    grantee: $0.grantee,
                    privilege: try ArchivedWord($0.privilege).text,
                    grantable: $0.grantable
                )
            },
            settings: database.settings.map { Setting(role: $0.role, name: $0.name, value: $0.value) }
        )
    }
}
