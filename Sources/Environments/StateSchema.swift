package import PostgresClient

/// Our own tables in a database, in a schema of their own, so that dropping a service's schema leaves them alone.
package struct StateSchema: Sendable {
    package let name: String

    package init(_ name: String = "granary") { self.name = name }

    /// Whether it is there, with all its tables.
    package func exists(_ session: borrowing Session) throws -> Bool {
        // Not by to_regclass(), which is an error for who may not use the schema.
        try session.query(
            """
            SELECT count(*) = 4 AND count(*) FILTER (WHERE c.relname = 'seeds' AND EXISTS (
                    SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'details')) = 1 AS there
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relkind = 'r'
                AND c.relname IN ('environment', 'migrations', 'migration_log', 'seeds')
            """,
            [name]
        )[0].bool("there")
    }

    /// Whether the role may read the ledger and its log.
    package func mayRead(_ session: borrowing Session) throws -> Bool { try may("SELECT", "SELECT", session) }

    /// Whether the role may put rows of the ledger in place of others, and add to its log.
    package func mayWrite(_ session: borrowing Session) throws -> Bool {
        try may("INSERT", "INSERT", session) && may("DELETE", "INSERT", session)
    }

    /// Whether the role may add to the log.
    package func mayLog(_ session: borrowing Session) throws -> Bool { try may("SELECT", "INSERT", session) }

    /// - Parameters:
    ///   - ledger: The privilege on `migrations`.
    ///   - log: That on `migration_log`.
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

    /// Makes what is missing.
    ///
    /// - Throws: `EnvironmentsError` with `.database` where the role may not.
    package func ensure(_ session: inout Session) throws {
        guard try !exists(session) else { return }
        do {
            if session.isInTransaction { return try make(session) }
            try session.transaction { try make($0) }
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw EnvironmentsError(
                .database,
                "the role \(session.user) may not make the schema \(name): \(error.message)",
                hint: "let the database's owner run `granary init --grant \(QuotedText.shellWord(session.user))` once"
            )
        }
    }

    private func make(_ session: borrowing Session) throws {
        // Several may come at once; the first makes it, the others find it.
        try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(Self.lockKey))")
        guard try !exists(session) else { return }
        // CREATE SCHEMA IF NOT EXISTS is refused even where the schema is there and the role may write into it.
        if try session.query("SELECT 1 AS found FROM pg_catalog.pg_namespace WHERE nspname = $1", [name]).isEmpty {
            let schema = session.quoted(name)
            try session.execute(
                "CREATE SCHEMA \(schema); COMMENT ON SCHEMA \(schema) IS 'What granary knows of this database'"
            )
        }
        try session.execute(statements(session))
    }

    /// What `init --grant` does: a role may use everything in the schema.
    package func grant(to roles: [String], _ session: inout Session) throws {
        try ensure(&session)
        let schema = session.quoted(name)
        for role in roles {
            let role = session.quoted(role)
            try session.execute("GRANT USAGE ON SCHEMA \(schema) TO \(role)")
            let tables = ["environment", "migrations", "seeds"].map { "\(schema).\($0)" }.joined(separator: ", ")
            try session.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON \(tables) TO \(role)")
            try session.execute("GRANT SELECT, INSERT ON \(schema).migration_log TO \(role)")
            // The log is only added to.
            try session.execute("REVOKE UPDATE, DELETE, TRUNCATE ON \(schema).migration_log FROM \(role)")
            // SELECT is for who backs the database up.
            try session.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA \(schema) TO \(role)")
        }
    }

    private static let lockKey = 7_234_301_180_426_821_217

    private func statements(_ session: borrowing Session) -> String {
        let schema = session.quoted(name)
        return """
            CREATE TABLE IF NOT EXISTS \(schema).environment (
                single boolean PRIMARY KEY DEFAULT true CHECK (single),
                name text NOT NULL,
                fingerprint text NOT NULL,
                marked_at timestamptz NOT NULL DEFAULT now(),
                marked_by text NOT NULL DEFAULT session_user);
            COMMENT ON TABLE \(schema).environment IS 'The marker: which environment this database is, and of which server and database that was said';
            CREATE TABLE IF NOT EXISTS \(schema).migrations (
                service text NOT NULL,
                version bigint NOT NULL,
                name text NOT NULL,
                layer text NOT NULL DEFAULT '',
                up_sha256 text,
                down_sha256 text,
                down_sql text,
                verified boolean NOT NULL,
                applied_at timestamptz NOT NULL,
                applied_by text NOT NULL,
                duration_ms bigint,
                requires text[] NOT NULL DEFAULT '{}',
                applied_order bigint GENERATED ALWAYS AS IDENTITY,
                PRIMARY KEY (service, version));
            COMMENT ON TABLE \(schema).migrations IS 'The ledger: the migrations that are applied now';
            CREATE TABLE IF NOT EXISTS \(schema).migration_log (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                service text NOT NULL,
                version bigint,
                name text NOT NULL DEFAULT '',
                event text NOT NULL,
                environment text NOT NULL DEFAULT '',
                layer text NOT NULL DEFAULT '',
                sha256 text,
                actor text NOT NULL,
                client_host text NOT NULL DEFAULT '',
                tool_version text NOT NULL DEFAULT '',
                started_at timestamptz NOT NULL,
                finished_at timestamptz,
                duration_ms bigint,
                estimated_duration text,
                outcome text NOT NULL,
                statements_done integer,
                statements_total integer,
                wrapped boolean NOT NULL DEFAULT true,
                sqlstate text,
                message text,
                note text);
            CREATE INDEX IF NOT EXISTS migration_log_service ON \(schema).migration_log (service, version, id);
            COMMENT ON TABLE \(schema).migration_log IS 'Each run of each migration, and how it ended';
            CREATE TABLE IF NOT EXISTS \(schema).seeds (
                service text NOT NULL,
                environment text NOT NULL,
                source text NOT NULL,
                sha256 text NOT NULL,
                seeded_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (service, environment, source));
            ALTER TABLE \(schema).seeds ADD COLUMN IF NOT EXISTS layer text NOT NULL DEFAULT '',
                ADD COLUMN IF NOT EXISTS rows bigint, ADD COLUMN IF NOT EXISTS details text;
            COMMENT ON TABLE \(schema).seeds IS 'What was seeded: files and tables, by the hash of their content';
            COMMENT ON COLUMN \(schema).seeds.source IS 'A file below the folder of seeds, or the word table and its name';
            COMMENT ON COLUMN \(schema).seeds.details IS 'JSON: the keys that seeding inserted, where generated rows begin, what now is';
            """
    }
}
