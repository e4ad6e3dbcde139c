package import Bookkeeping
package import PostgresClient

// Queries.
extension Doctor {
    /// - Parameter schemas: The schemas of the services. If none of them exists, all schemas count.
    /// - Throws: `PostgresError`.
    package static func facts(
        _ stateSchema: StateSchema,
        schemas: [String],
        _ session: borrowing Session
    ) throws -> DatabaseFacts {
        try session.pinForLooking()
        let row = try session.query(
            """
            SELECT r.rolsuper, r.rolcreatedb, r.rolbypassrls, pg_catalog.pg_is_in_recovery() AS standby,
                pg_catalog.pg_has_role(d.datdba, 'MEMBER') AS owns, pg_catalog.pg_database_size(d.oid) AS bytes,
                (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND \(condition)
                    AND pg_catalog.row_security_active(c.oid)) AS hidden,
                (SELECT setting.reset_val ~ '"?[$]user"?' FROM pg_catalog.pg_settings setting
                    WHERE setting.name = 'search_path') AS follows_user,
                unreadable.*
            FROM pg_catalog.pg_database d, pg_catalog.pg_roles r, (
                SELECT pg_catalog.count(*) FILTER (WHERE is_own) AS unreadable, pg_catalog.count(*) FILTER (WHERE NOT is_own) AS elsewhere
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                CROSS JOIN LATERAL (SELECT n.nspname = ANY ($1::pg_catalog.text[]) OR NOT EXISTS (
                    SELECT FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::pg_catalog.text[])) AS is_own) AS o
                WHERE c.relkind IN ('r', 'p') AND \(condition)
                    AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                        AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))) AS unreadable
            WHERE d.datname = pg_catalog.current_database() AND r.rolname = current_user
            """,
            [QuotedText.array(schemas)]
        )[0]
        let stateSchema = try stateSchema.examined(session)
        let marker = Marker(stateSchema)
        var trouble = try trouble(stateSchema, session)
        // Tables that could run another role's code are not read.
        let isOrdinary = try stateSchema.isOrdinary(session)
        var mark = MarkerState.unmarked
        do {
            if isOrdinary { mark = try marker.read(session) }
        } catch let error as BookkeepingError {
            trouble.append(Trouble(error.message, remedy: error.hint ?? ""))
        }
        let isThere = isOrdinary && trouble.isEmpty ? try stateSchema.exists(session) : false
        return DatabaseFacts(
            place: session.place,
            database: session.database,
            user: session.user,
            serverVersion: session.serverVersion,
            serverVersionText: session.serverVersionText,
            isSuperuser: row.bool("rolsuper"),
            mayCreateDatabases: row.bool("rolcreatedb") || row.bool("rolsuper"),
            bypassesRowSecurity: row.bool("rolbypassrls") || row.bool("rolsuper"),
            ownsDatabase: row.bool("owns"),
            isStandby: row.bool("standby"),
            bytes: row.int("bytes"),
            hiddenTables: row.int("hidden"),
            unreadableTables: row.int("unreadable"),
            unreadableElsewhere: row.int("elsewhere"),
            marker: mark,
            markerIsHidden: try marker.isHidden(session),
            isEmpty: try marker.isEmpty(session),
            hasStateSchema: isThere,
            stateTrouble: trouble,
            appliedMigrations: isThere ? try applied(stateSchema, session) : nil,
            otherLedgers: try otherLedgers(stateSchema, session),
            namesake: row.bool("follows_user") && session.user == stateSchema.name ? stateSchema.name : nil,
            distributedTables: try session.distributedTables().count,
            brokenOff: isThere ? try brokenOff(stateSchema, session) : []
        )
    }

    /// Why granary's tables cannot be read: other objects with their names, missing columns or keys.
    private static func trouble(_ schema: StateSchema, _ session: borrowing Session) throws -> [Trouble] {
        let flaws = try schema.flaws(session).map {
            Trouble("\($0.table) \($0.text): it could run another role's code", remedy: StateSchema.suspicionRemedy)
        }
        let faults = try schema.faults(session)
        // Without any of these tables, granary has not written to the database yet.
        guard !faults.allSatisfy(\.isMissingTable) else { return flaws }
        return flaws
            + faults.map {
                Trouble("\(schema.name).\($0.table) \($0.text)", remedy: StateSchema.remedy($0, schema.name))
            }
    }

    private static let condition = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"

    private static func otherLedgers(
        _ stateSchema: StateSchema,
        _ session: borrowing Session
    ) throws -> [OtherLedger] {
        do {
            let beside = try stateSchema.tablesBeside(session)
            return try OtherLedger.recording(session).filter { !beside.contains($0.table) }
        } catch let error as PostgresError where error.sqlState == "42501" || error.sqlState == "55P03" {
            return []
        }
    }

    /// Of all services. Empty if the role may not read the log.
    private static func brokenOff(_ stateSchema: StateSchema, _ session: borrowing Session) throws -> [String] {
        guard try stateSchema.mayRead(session) else { return [] }
        do {
            let services = Set(try MigrationLog(stateSchema, session).carriedEntries(session).map(\.service)).sorted()
            let runs = try services.flatMap { service in
                try Ledger(service: service, stateSchema, session).unfinishedRuns(session).values
                    .filter(\.hasBrokenOff).sorted { $0.version < $1.version }
            }
            return runs.map { run in
                "\(run.name): \(run.statementsDone) of \(run.statementsTotal) statements of its "
                    + "\(run.isDown ? "down" : "up") file are in effect"
            }
        } catch let error as PostgresError where error.sqlState == "55P03" {
            return []
        }
    }

    private static func applied(_ stateSchema: StateSchema, _ session: borrowing Session) throws -> Int? {
        do {
            return try Ledger.applied(stateSchema, session).count
        } catch let error as PostgresError where error.sqlState == "42501" || error.sqlState == "55P03" {
            return nil
        }
    }
}
