package import PostgresClient

/// The environment that a database is marked with.
package enum MarkerState: Sendable, Equatable {
    case unmarked
    case marked(String)
    /// The marker belongs to another server or database: this database is a copy of NAME, made by another tool.
    case copy(of: String)

    /// The name, if the marker belongs to this database.
    package var name: String? {
        if case .marked(let name) = self { return name }
        return nil
    }

    /// The name of the environment whose data the database holds: its own, or that of the database it is a copy of.
    package var origin: String? {
        switch self {
        case .unmarked: nil
        case .marked(let name), .copy(let name): name
        }
    }
}

/// The marker: a name, and the fingerprint of the database that was marked.
package struct Marker: Sendable {
    let schema: StateSchema

    package init(_ schema: StateSchema = StateSchema()) { self.schema = schema }

    func table(_ session: borrowing Session) -> String { schema.quoted(.environment, session) }

    /// If the role may not read the marker, or its table is damaged, the database counts as unmarked. See `damage(_:)`.
    ///
    /// - Throws: `BookkeepingError` with `.refused` if there are several markers; `PostgresError`, with `.untrusted` if
    ///   another object has the table's name.
    package func read(_ session: borrowing Session) throws -> MarkerState {
        let table = table(session)
        try schema.requireOrdinary(session, [.environment])
        guard try mayBeRead(session) == true, try !lacksColumns(session) else { return .unmarked }
        let rows = try session.query("SELECT name, fingerprint FROM ONLY \(table) LIMIT 2")
        guard let row = rows.first else { return .unmarked }
        guard rows.count == 1 else {
            throw BookkeepingError(
                .refused,
                "\(schema.name).environment has several rows, but a database is only one environment",
                hint: "`granary env mark NAME --force` keeps one"
            )
        }
        let isOurs = try Self.areSame(row.text("fingerprint"), Self.fingerprint(session))
        return isOurs ? .marked(row.text("name")) : .copy(of: row.text("name"))
    }

    /// Whether there is a marker's table that this role may not read.
    package func isHidden(_ session: borrowing Session) throws -> Bool { try mayBeRead(session) == false }

    /// nil if the table does not exist.
    private func mayBeRead(_ session: borrowing Session) throws -> Bool? {
        try session.query(
            """
            SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS may
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = 'environment'
            """,
            [schema.name]
        ).first?.bool("may")
    }

    /// A description of the damage of the marker's table, and a hint; nil if it is undamaged or missing.
    package func damage(_ session: borrowing Session) throws -> (message: String, remedy: String)? {
        try faults(session).first.map {
            ("\(schema.name).environment \($0.text)", StateSchema.remedy($0, schema.name))
        }
    }

    private func faults(_ session: borrowing Session) throws -> [StateSchema.Fault] {
        try schema.faults(session).filter { $0.table == .environment && !$0.isMissingTable && !$0.isOld }
    }

    /// Whether it cannot be read. A missing key does not prevent reading.
    private func lacksColumns(_ session: borrowing Session) throws -> Bool {
        try faults(session).contains { if case .missingKey = $0 { false } else { true } }
    }

    /// Marks the database, and replaces an earlier marker.
    ///
    /// - Parameters:
    ///   - policy: The rules to store beside it; nil stores none.
    ///   - remakingTable: Create the table again if it is damaged or has several rows.
    /// - Throws: `BookkeepingError` with `.database`; `PostgresError`.
    package func write(
        _ name: String,
        policy: MarkerPolicy? = nil,
        remakingTable: Bool = false,
        _ session: inout Session
    ) throws {
        if remakingTable { try removeDamaged(&session) }
        try schema.ensure(&session, needed: [.environment])
        if policy != nil { try schema.addPolicy(session) }
        // The marker and its rules are written by one statement, so that it is never without them.
        var columns = ["name", "fingerprint"]
        var values: [String?] = [name, try Self.fingerprint(session)]
        if try !schema.lacksPolicy(session) {
            columns += ["production", "encrypted", "recipients"]
            values += [
                policy.map { $0.isProduction ? "t" : "f" }, policy.map { $0.requiresEncryption ? "t" : "f" },
                policy.map { QuotedText.array($0.recipients) },
            ]
        }
        try session.query(
            """
            INSERT INTO \(table(session)) (\(columns.joined(separator: ", ")))
            VALUES (\(columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")))
            ON CONFLICT (single) DO UPDATE SET \(columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")),
                marked_at = pg_catalog.now(), marked_by = session_user
            """,
            values
        )
    }

    /// Drops a damaged table, so that it is created again. Its privileges are transferred to the new one.
    private func removeDamaged(_ session: inout Session) throws {
        try schema.requireOrdinary(session, [.environment])
        guard try !faults(session).isEmpty else { return }
        let (schema, table) = (schema, table(session))
        try session.transaction { session in
            let roles = try schema.writers(of: .environment, session).map { session.quoted($0) }
            try session.execute("DROP TABLE \(table); \(schema.creation(of: .environment, session))")
            for role in roles { try session.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON \(table) TO \(role)") }
        }
    }

    /// The server's system identifier, or a dash, and the database's oid.
    package static func fingerprint(_ session: borrowing Session) throws -> String {
        let row = try session.query(
            "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
        )[0]
        return "\(try session.systemIdentifier() ?? "-")/\(row.text("oid"))"
    }

    /// Whether two fingerprints belong to one database. A dash matches every server.
    static func areSame(_ a: String, _ b: String) -> Bool {
        let (a, b) = (a.split(separator: "/"), b.split(separator: "/"))
        guard a.count == 2, b.count == 2, a[1] == b[1] else { return false }
        return a[0] == b[0] || a[0] == "-" || b[0] == "-"
    }

    /// Whether the database has no tables other than granary's.
    package func isEmpty(_ session: borrowing Session) throws -> Bool {
        try session.query(
            """
            SELECT NOT EXISTS (
                SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'f', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
                    AND n.nspname <> $1
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')) AS empty
            """,
            [schema.name]
        )[0].bool("empty")
    }
}

// The rules beside the marker.
extension Marker {
    /// The stored rules, also of a copy and of a damaged table; the strictest if there are several rows. nil if none are
    /// stored, or the role may not read them. See `isHidden(_:)`.
    ///
    /// - Throws: `PostgresError`, with `.untrusted` if another object has the table's name.
    package func policy(_ session: borrowing Session) throws -> MarkerPolicy? {
        try schema.requireOrdinary(session, [.environment])
        guard try mayBeRead(session) == true else { return nil }
        // A table of an older granary lacks the columns. Each rule counts for itself.
        let rows = try session.query(
            """
            SELECT e.rules ->> 'production' AS production, e.rules ->> 'encrypted' AS encrypted,
                ARRAY(SELECT pg_catalog.jsonb_array_elements_text(CASE pg_catalog.jsonb_typeof(e.rules -> 'recipients')
                    WHEN 'array' THEN e.rules -> 'recipients' ELSE '[]'::pg_catalog.jsonb END)) AS recipients
            FROM (SELECT pg_catalog.to_jsonb(t) AS rules FROM ONLY \(table(session)) t) e
            """
        )
        let ruled = rows.filter {
            $0["production"] != nil || $0["encrypted"] != nil || !$0.texts("recipients").isEmpty
        }
        guard !ruled.isEmpty else { return nil }
        return MarkerPolicy(
            // In a damaged table the columns may have other types.
            isProduction: ruled.contains { ![nil, "false"].contains($0["production"]) },
            requiresEncryption: ruled.contains { ![nil, "false"].contains($0["encrypted"]) },
            recipients: ruled.lazy.map { $0.texts("recipients") }.first { !$0.isEmpty } ?? []
        )
    }
}
