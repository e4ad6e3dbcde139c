internal import Bookkeeping
internal import Databases
internal import PostgresClient

/// Renames granary's own schema, within the open transaction, before a plain dump that may contain one.
struct StateShelf {
    private let schema: StateSchema
    /// The temporary name; nil if there is no such schema, or if the role may not rename it.
    private let shelved: String?

    init(_ schema: StateSchema, _ session: borrowing Session) throws {
        self.schema = schema
        let mayRename = try session.query(
            """
            SELECT pg_catalog.pg_has_role(nspowner, 'USAGE')
                AND pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS may
            FROM pg_catalog.pg_namespace WHERE nspname = $1
            """,
            [schema.name]
        ).first?.bool("may")
        guard mayRename == true else {
            shelved = nil
            return
        }
        shelved = DatabaseName.derived(from: schema.name, "_shelved")
        try Self.rename(schema.name, to: shelved ?? "", session)
    }

    /// Renames it back if the dump had none. Otherwise the dump's ledger is used, because it belongs to the dump's
    /// data.
    func putBack(_ session: borrowing Session) throws {
        // Settings made by the dump stay: its role, and the encoding of its text.
        try session.execute("RESET SESSION AUTHORIZATION; RESET ROLE")
        if session.codec == .utf8 { try session.execute("SET client_encoding = 'UTF8'") }
        guard let shelved else { return }
        let isReplaced = try !session.query(
            "SELECT 1 AS found FROM pg_catalog.pg_namespace WHERE nspname = $1",
            [schema.name]
        )
        .isEmpty
        if isReplaced {
            try session.execute("DROP SCHEMA \(session.quoted(shelved)) CASCADE")
        } else {
            try Self.rename(shelved, to: schema.name, session)
        }
    }

    private static func rename(_ old: String, to new: String, _ session: borrowing Session) throws {
        try session.execute("ALTER SCHEMA \(session.quoted(old)) RENAME TO \(session.quoted(new))")
    }
}
