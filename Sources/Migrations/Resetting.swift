internal import Basics
internal import Bookkeeping
internal import PostgresClient
internal import Project
internal import SQLText

/// A schema that a reset drops and recreates, with the size of the data lost.
package struct DoomedSchema: Sendable, Equatable {
    package var name: String
    package var tables: Int
    /// From the server's statistics; tables that were never analysed count as empty.
    package var rowsEstimate: Int
    package var bytes: Int
}

/// The result of a reset.
package struct ResetReport: Sendable {
    package var dropped: [DoomedSchema]
    package var migrations: MigrationReport
}

extension Migrator {
    /// The schemas of the services that a reset would drop. Changes nothing.
    ///
    /// - Throws: `MigrationError` in an environment where resets are forbidden, or if objects outside the schemas would
    ///   be lost; `PostgresError`.
    package func whatResetDestroys() async throws -> [DoomedSchema] {
        try requireEnvironmentForPlay()
        return try await withSession(server, logger: logger) { session in
            try requirePlan(afterReset: reader.readAll(session), session)
            return try doomedSchemas(session)
        }
    }

    /// Drops the services' schemas, or their content, and clears the ledger and the record of seeds, all in one
    /// transaction. Then applies every migration.
    ///
    /// - Throws: `MigrationError`, `PostgresError`, `CancellationError`.
    @discardableResult
    package func reset() async throws -> ResetReport {
        try requireEnvironmentForPlay()
        let dropped = try await holdingLock { _, session in
            try options.stateSchema.ensure(&session)
            let services = try reader.readAll(session)
            try requirePlan(afterReset: services, session)
            let doomed = try doomedSchemas(session)
            let watch = try watch(session)
            defer { watch.stop() }
            try drop(doomed.map(\.name), services, &session)
            return doomed
        }
        return ResetReport(dropped: dropped, migrations: try await run(.up(nil)))
    }

    private func requireEnvironmentForPlay() throws {
        for folder in options.services { try folder.file.requireRulesInPlace([.production], of: options.environment) }
        guard !options.isForPlay else { return }
        throw MigrationError(
            .policy,
            "\(options.environment) is never reset: all its data would be lost",
            hint: "reset is for development and test; elsewhere, `granary migrate down` and `up` give the same schema"
        )
    }

    /// Refuses the reset if the migrations could not be applied afterwards.
    private func requirePlan(afterReset services: [ServiceState], _ session: borrowing Session) throws {
        let emptied = services.map { state in
            var state = state
            state.entries = []
            state.isSiblingNew = false
            state.sibling = nil
            // Ledgers in the dropped schemas will not exist any more.
            state.otherLedgers.removeAll { schemas.contains($0.table.schema) }
            state.standings = MigrationStandings(tree: state.tree, entries: [], unfinished: [:])
            return state
        }
        if let obstacle = try plan(.up(nil), emptied, session).obstacles.first { throw obstacle }
    }

    private var schemas: [String] { options.services.flatMap(\.service.schemas) }

    private func doomedSchemas(_ session: borrowing Session) throws -> [DoomedSchema] {
        let elsewhere = try session.objects(thatFallWith: schemas).map(\.title).filter { !$0.hasPrefix("extension ") }
        guard elsewhere.isEmpty else {
            let more = elsewhere.count > 8 ? " and \(elsewhere.count - 8) more" : ""
            throw MigrationError(
                .policy,
                "a reset of \(schemas.joined(separator: ", ")) would drop objects in other schemas that depend on it: "
                    + elsewhere.prefix(8).joined(separator: ", ") + more,
                hint: "reset the services together (--root), or drop these objects first"
            )
        }
        return try session.query(
            """
            SELECT n.nspname AS name, pg_catalog.count(c.oid) AS tables,
                   coalesce(pg_catalog.sum(greatest(c.reltuples, 0)), 0)::bigint AS rows,
                   coalesce(pg_catalog.sum(c.relpages::bigint), 0) * pg_catalog.current_setting('block_size')::bigint AS bytes
            FROM pg_catalog.pg_namespace n
            LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'm')
            WHERE n.nspname = ANY ($1::pg_catalog.text[])
            GROUP BY n.nspname ORDER BY n.nspname
            """,
            [QuotedText.array(schemas)]
        ).map { row in
            DoomedSchema(
                name: row.text("name"),
                tables: row.int("tables"),
                rowsEstimate: row.int("rows"),
                bytes: row.int("bytes")
            )
        }
    }
}

extension Migrator {
    private func drop(_ schemas: [String], _ services: [ServiceState], _ session: inout Session) throws {
        let made = services.flatMap(\.schemasMade)
        // A role that cannot create a schema keeps it, and so do migrations that expect it to exist.
        let kept = try session.schemasToKeep(among: schemas)
        let dropped = schemas.filter { !kept.contains($0) }
        let statements =
            try dropped.map { "DROP SCHEMA \(session.quoted($0)) CASCADE" }
            + remade(dropped.filter { !made.contains($0) }, session)
        let start = ContinuousClock.now
        var attempt = 1
        while true {
            do {
                return try session.transaction { session in
                    try session.execute("SET LOCAL lock_timeout = \(options.patience.lockTimeout.milliseconds)")
                    for statement in statements { try session.execute(statement) }
                    for schema in kept.sorted() { try session.empty(schema: schema) }
                    for folder in options.services { try forget(folder.service.name, session) }
                }
            } catch let error as PostgresError where error.isLockTrouble {
                guard let pause = options.patience.pause(after: attempt, since: start) else {
                    throw options.patience.exhausted("the reset", schemas.joined(separator: ", "), attempts: attempt)
                }
                attempt += 1
                progress(.retrying(name: "the reset", attempt: attempt, pause: pause))
                try session.rest(for: pause)
            } catch let error as PostgresError where error.sqlState == "42501" {
                throw MigrationError(
                    .policy,
                    "nothing was changed, because \(session.user) may not reset \(schemas.joined(separator: ", ")): "
                        + error.message,
                    hint: "reset as the owner of the schema and of what is in it"
                )
            }
        }
    }

    /// Clears the ledger and the record of seeds of a service, and golang-migrate's row in any schema. Keeps the log.
    private func forget(_ service: String, _ session: borrowing Session) throws {
        let ledger = Ledger(service: service, options.stateSchema, session)
        let sibling = try ledger.adoptedTable(session).flatMap { try GolangMigrateLedger.find($0, session) }
        if let sibling { try GolangMigrateLedger.keep(nil, in: sibling.table, session) }
        try ledger.forget(session)
        try SeedRecord.forget(service, options.stateSchema, session)
        try ledger.append(LogEntry("reset", context), session)
    }

    /// The statements that recreate the schemas that no migration creates, with owner and privileges.
    private func remade(_ schemas: [String], _ session: borrowing Session) throws -> [String] {
        try session.query(
            """
            SELECT 0 AS step, pg_catalog.format('CREATE SCHEMA %I AUTHORIZATION %I', n.nspname,
                       pg_catalog.pg_get_userbyid(n.nspowner)) AS statement
            FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1::pg_catalog.text[])
            UNION ALL
            SELECT 1, pg_catalog.format('GRANT %s ON SCHEMA %I TO %s%s', a.privilege_type, n.nspname,
                       CASE a.grantee WHEN 0 THEN 'PUBLIC'
                            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
                       CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
            FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) a
            WHERE n.nspname = ANY ($1::pg_catalog.text[]) AND a.grantee <> n.nspowner
            ORDER BY 1, 2
            """,
            [QuotedText.array(schemas)]
        ).map { $0.text("statement") }
    }
}

extension ServiceState {
    /// The schemas that the migrations of the service create.
    fileprivate var schemasMade: [String] {
        var names: [String] = []
        for file in tree.migrations.compactMap(\.up) {
            guard let script = try? SQLScript(splitting: file.text) else { continue }
            for touch in ScriptEffects(of: script).touches where touch.kind == .schema && touch.action == .create {
                names.append(touch.relation.name)
            }
        }
        return names
    }
}
