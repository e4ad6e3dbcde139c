package import PostgresClient

extension StateSchema {
    /// Makes what is missing, in one transaction of its own or in the one that is open. Any number of callers may do
    /// this at once.
    ///
    /// - Throws: `EnvironmentsError.missingRights` where the role may not create it; `PostgresError`.
    package func ensure(_ session: inout Session) throws {
        if try exists(session) { return }
        if session.isInTransaction { return try create(session) }
        try session.transaction { try create($0) }
    }

    /// Lets roles use the tables: for databases whose services may create nothing.
    ///
    /// - Throws: `PostgresError`, with SQLSTATE 42704 for a role that is not there.
    package func grant(to roles: [String], _ session: inout Session) throws {
        guard !roles.isEmpty else { return }
        let grantees = session.quoted(roles)
        try session.execute("GRANT USAGE ON SCHEMA \(session.quoted(name)) TO \(grantees)")
        for table in Table.allCases {
            // A log that can be emptied by those it is about is none.
            let rights = table == .migrationLog ? "SELECT, INSERT, UPDATE" : "SELECT, INSERT, UPDATE, DELETE"
            try session.execute("GRANT \(rights) ON TABLE \(session.quoted(self[table])) TO \(grantees)")
        }
    }

    private func create(_ session: borrowing Session) throws {
        try requireRights(session)
        do {
            // CREATE … IF NOT EXISTS alone is no protection: two who look at the same moment both create, and one fails.
            try session.query(
                "SELECT pg_catalog.pg_advisory_xact_lock(\(Self.lockClass), pg_catalog.hashtext($1))",
                [name]
            )
            try session.execute("CREATE SCHEMA IF NOT EXISTS \(session.quoted(name))")
            for table in Table.allCases {
                try session.execute(
                    "CREATE TABLE IF NOT EXISTS \(session.quoted(self[table])) (\n\(Self.columns(of: table))\n)"
                )
            }
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw missingRights(session)
        }
    }

    /// The first half of the advisory lock's key: the letters "gran".
    private static let lockClass = 0x6772_616E

    /// Asked beforehand: `CREATE SCHEMA IF NOT EXISTS` is refused even where the schema is there.
    private func requireRights(_ session: borrowing Session) throws {
        let mayCreate = try session.query(
            """
            SELECT coalesce(
                (SELECT pg_catalog.has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = $1),
                pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')) AS may
            """,
            [name]
        )[0].bool("may")
        guard mayCreate else { throw missingRights(session) }
    }

    func missingRights(_ session: borrowing Session) -> EnvironmentsError {
        EnvironmentsError(
            .missingRights,
            "the role \(session.user) may not create or use granary's own tables, the schema \(name) of \(session.database)",
            hint: "let the database's owner run once: granary init --grant \(session.user)"
                + (self == .usual ? "" : " --state-schema \(name)")
        )
    }

    /// Several versions of granary may meet here: columns may be added, with defaults, and none may change.
    private static func columns(of table: Table) -> String {
        switch table {
        case .environment:
            """
            only_row boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (only_row),
            name text NOT NULL,
            fingerprint text NOT NULL,
            marked_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
            marked_by text NOT NULL DEFAULT CURRENT_USER
            """
        case .migrations:
            // The layer '' is the base. golang-migrate's own table holds versions as bigint.
            """
            service text NOT NULL,
            version bigint NOT NULL,
            name text NOT NULL,
            layer text NOT NULL DEFAULT '',
            up_sha256 text NOT NULL,
            down_sha256 text,
            down_sql text,
            verified boolean NOT NULL,
            applied_at timestamptz NOT NULL,
            applied_by text NOT NULL,
            duration_ms bigint,
            applied_order bigint GENERATED ALWAYS AS IDENTITY,
            PRIMARY KEY (service, version)
            """
        case .migrationLog:
            """
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            service text NOT NULL,
            version bigint,
            name text,
            event text NOT NULL,
            environment text,
            layer text,
            sha256 text,
            actor text NOT NULL DEFAULT CURRENT_USER,
            client_host text,
            tool_version text,
            started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
            finished_at timestamptz,
            duration_ms bigint,
            estimated_duration text,
            outcome text NOT NULL,
            statements_done integer,
            statements_total integer,
            sqlstate text,
            message text,
            note text
            """
        case .seeds:
            """
            service text NOT NULL,
            environment text NOT NULL,
            name text NOT NULL,
            sha256 text NOT NULL,
            seeded_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
            seeded_by text NOT NULL DEFAULT CURRENT_USER,
            PRIMARY KEY (service, environment, name)
            """
        }
    }
}
