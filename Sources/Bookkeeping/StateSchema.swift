package import PostgresClient

// The tables that granary keeps in a separate schema of a database:
//
//     environment     the marker: the environment of the database                  Marker
//     migrations      the ledger: the applied migrations of each service           Ledger, LedgerEntry
//     migration_log   each run of each migration, with its result; append-only     MigrationLog, LogEntry
//     seeds           the seeded files and tables, by the hash of their content    SeedRecord
//
// `StateSchema` creates and checks these tables, and `RunLock` lets only one runner write to them at a time. `BackupLock`
// does the same for backups, which leave no row; `RunningBackup` is one that another session makes. Tables of
// other tools: `KnownLedgers` is the list of them, `OtherLedger` one that was found, `AdoptedLedger` one that a service
// has adopted, and `GolangMigrateLedger` the one that granary keeps up to date.

/// Granary's own tables in a database. They are in a separate schema, so that dropping a service's schema does not
/// affect them.
package struct StateSchema: Sendable {
    package let name: String
    /// What `examined` has found.
    var examination: Examination?

    package init(_ name: String = "granary") { self.name = name }

    /// A query for the oids of the schemas that hold granary's own tables, whatever their names.
    package static let anyName = """
        SELECT own.relnamespace FROM pg_catalog.pg_class own
        WHERE own.relkind = 'r' AND own.relname IN ('migrations', 'migration_log', 'seeds')
        GROUP BY own.relnamespace HAVING pg_catalog.count(*) = 3
        """

    /// The name of one of the tables, for SQL.
    func quoted(_ table: Table, _ session: borrowing Session) -> String { "\(session.quoted(name)).\(table)" }

    /// Whether the schema exists with all its tables in the form of this version.
    ///
    /// - Throws: `PostgresError` with `.untrusted` if another object has a table's name.
    package func exists(_ session: borrowing Session) throws -> Bool {
        try requireOrdinary(session)
        return try faults(session).isEmpty
    }

    /// Whether the role may read the ledger and its log.
    package func mayRead(_ session: borrowing Session) throws -> Bool { try may("SELECT", "SELECT", session) }

    /// Whether the role may replace rows of the ledger and append to its log.
    package func mayWrite(_ session: borrowing Session) throws -> Bool {
        try may("INSERT", "INSERT", session) && may("DELETE", "INSERT", session)
    }

    /// Whether the role may append to the log.
    package func mayLog(_ session: borrowing Session) throws -> Bool { try may("SELECT", "INSERT", session) }

    /// - Parameters:
    ///   - ledger: The privilege on `migrations`.
    ///   - log: The privilege on `migration_log`.
    private func may(_ ledger: String, _ log: String, _ session: borrowing Session) throws -> Bool {
        try session.query(
            """
            SELECT coalesce(pg_catalog.bool_and(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                AND pg_catalog.has_table_privilege(c.oid,
                    CASE c.relname WHEN 'migrations' THEN $2 ELSE $3 END)), false) AS may
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname IN ('migrations', 'migration_log')
            """,
            [name, ledger, log]
        )[0].bool("may")
    }

    /// Creates missing tables, and updates older ones.
    ///
    /// - Parameter needed: The tables that must be usable afterwards.
    /// - Returns: The schema, `examined`.
    /// - Throws: `BookkeepingError` with `.database` if the role may not, or a table is damaged; `PostgresError` with
    ///   `.untrusted`.
    @discardableResult
    package func ensure(_ session: inout Session, needed: [Table] = Table.allCases) throws -> StateSchema {
        // This one may be examined already, and know nothing of tables that were made since.
        let schema = StateSchema(name)
        let examined = try schema.examined(session)
        guard try !examined.exists(session) else { return examined }
        do {
            if session.isInTransaction {
                try schema.make(session)
            } else {
                try session.transaction { try schema.make($0) }
            }
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw BookkeepingError(
                .database,
                "the role \(session.user) may not create the schema \(name): \(error.message)",
                hint: "let the database's owner run `granary init --grant \(QuotedText.shellWord(session.user))` once"
            )
        }
        try schema.require(needed, session)
        return try schema.examined(session)
    }

    private func make(_ session: borrowing Session) throws {
        // If several runs do this at once, the first creates the schema, and the others find it.
        try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(Self.lockKey))")
        guard try !exists(session) else { return }
        // CREATE SCHEMA IF NOT EXISTS fails without the right to create schemas, even if the schema exists and the role
        // may create tables in it.
        if try session.query("SELECT 1 AS found FROM pg_catalog.pg_namespace WHERE nspname = $1", [name]).isEmpty {
            let schema = session.quoted(name)
            try session.execute(
                "CREATE SCHEMA \(schema); COMMENT ON SCHEMA \(schema) IS 'What granary knows of this database'"
            )
        }
        let faults = try faults(session)
        for table in Table.allCases where faults.contains(where: { $0.table == table && $0.isMissingTable }) {
            try session.execute(creation(of: table, session))
        }
        for case .missingColumn(let table, let column) in faults where column.addition != nil {
            try session.execute(
                "ALTER TABLE \(quoted(table, session)) ADD COLUMN \(column.name) \(column.addition ?? "")"
            )
        }
    }

    /// For `init --grant`: lets a role use everything in the schema.
    package func grant(to roles: [String], _ session: inout Session) throws {
        try ensure(&session)
        let schema = session.quoted(name)
        for role in roles {
            let role = session.quoted(role)
            try session.execute("GRANT USAGE ON SCHEMA \(schema) TO \(role)")
            let tables = [.environment, .migrations, .seeds].map { quoted($0, session) }.joined(separator: ", ")
            try session.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON \(tables) TO \(role)")
            let log = quoted(.log, session)
            try session.execute("GRANT SELECT, INSERT ON \(log) TO \(role)")
            // The log is append-only.
            try session.execute("REVOKE UPDATE, DELETE, TRUNCATE ON \(log) FROM \(role)")
            // SELECT is for roles that make backups.
            try session.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA \(schema) TO \(role)")
        }
    }

    /// The roles other than the owner that may append to a table.
    package func writers(of table: Table, _ session: borrowing Session) throws -> [String] {
        try session.query(
            """
            SELECT DISTINCT r.rolname FROM pg_catalog.pg_class c
            CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner
            ORDER BY 1
            """,
            [name, table.rawValue]
        ).map { $0.text("rolname") }
    }

    private static let lockKey = 7_234_301_180_426_821_217
}
