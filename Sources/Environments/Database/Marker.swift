package import PostgresClient

/// The name of the environment that a database belongs to, kept in the database itself: the one row of
/// `granary.environment`.
package struct Marker: Sendable, Equatable {
    package var name: String
    /// As it is stored: `Fingerprint`'s text, or anything else for a copy.
    package var fingerprint: String
    /// As PostgreSQL writes it.
    package var markedAt: String
    package var markedBy: String

    package init(name: String, fingerprint: String, markedAt: String = "", markedBy: String = "") {
        self.name = name
        self.fingerprint = fingerprint
        self.markedAt = markedAt
        self.markedBy = markedBy
    }

    /// The row as it is; nil where there is no table or no row. Writes nothing.
    ///
    /// - Throws: `EnvironmentsError.missingRights` where the role may not read it; `PostgresError`.
    package static func read(_ session: borrowing Session, in schema: StateSchema = .usual) throws -> Marker? {
        guard try schema.tables(session).contains(.environment) else { return nil }
        // Asked rather than tried: a failed statement would end the transaction that may be open.
        let mayRead = try session.query(
            """
            SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS may
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2
            """,
            [schema.name, StateSchema.Table.environment.rawValue]
        ).first?.bool("may")
        guard mayRead == true else { throw schema.missingRights(session) }
        return try session.query(
            "SELECT name, fingerprint, marked_at, marked_by FROM \(session.quoted(schema.environment)) LIMIT 1"
        ).first.map { row in
            Marker(
                name: row.text("name"),
                fingerprint: row.text("fingerprint"),
                markedAt: row.text("marked_at"),
                markedBy: row.text("marked_by")
            )
        }
    }

    /// Marks the session's database, in place of any other marker. Makes the state schema if it is missing.
    ///
    /// - Throws: `EnvironmentsError`; `PostgresError`.
    @discardableResult
    package static func write(
        _ name: String,
        _ session: inout Session,
        in schema: StateSchema = .usual
    ) throws -> Marker {
        if let problem = NameRule.environment.problem(with: name) {
            throw EnvironmentsError(.usage, problem, hint: NameRule.environment.hint)
        }
        try schema.ensure(&session)
        return try store(name, fingerprint: "\(Fingerprint(of: session))", session, in: schema)
    }

    /// Says that the session's database holds data of an environment and belongs to none: `MarkerState.copy`.
    package static func writeCopy(
        of name: String,
        _ session: borrowing Session,
        in schema: StateSchema = .usual
    ) throws {
        _ = try store(name, fingerprint: "restored", session, in: schema)
    }

    /// Stores the row in a table that is there.
    private static func store(
        _ name: String,
        fingerprint: String,
        _ session: borrowing Session,
        in schema: StateSchema
    ) throws -> Marker {
        do {
            let row = try session.query(
                """
                INSERT INTO \(session.quoted(schema.environment)) (name, fingerprint) VALUES ($1, $2)
                ON CONFLICT (only_row) DO UPDATE SET name = excluded.name, fingerprint = excluded.fingerprint,
                    marked_at = excluded.marked_at, marked_by = excluded.marked_by
                RETURNING name, fingerprint, marked_at, marked_by
                """,
                [name, fingerprint]
            )[0]
            return Marker(
                name: row.text("name"),
                fingerprint: row.text("fingerprint"),
                markedAt: row.text("marked_at"),
                markedBy: row.text("marked_by")
            )
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw schema.missingRights(session)
        }
    }
}

/// What the marker says about the database it is in.
package enum MarkerState: Sendable, Equatable {
    case unmarked
    case marked(Marker)
    /// The marker came with the data from another database: this is a copy of it, and belongs to no environment yet.
    case copy(of: Marker)

    /// - Throws: `EnvironmentsError`; `PostgresError`.
    package init(of session: borrowing Session, in schema: StateSchema = .usual) throws {
        guard let marker = try Marker.read(session, in: schema) else {
            self = .unmarked
            return
        }
        let here = try Fingerprint(of: session)
        let isHere = Fingerprint(marker.fingerprint).map { $0.matches(here) } ?? false
        self = isHere ? .marked(marker) : .copy(of: marker)
    }

    /// The environment; nil for a copy too.
    package var environment: String? { if case .marked(let marker) = self { marker.name } else { nil } }
}
