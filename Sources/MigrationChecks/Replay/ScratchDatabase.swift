internal import Logging
internal import PostgresClient

/// A database that lives as long as a closure.
enum ScratchDatabase {
    /// What its name begins with, before the process of the session that made it.
    private static let mark = "granary_replay_"

    /// Makes an empty database, lends it, and drops it, whatever happened in it.
    ///
    /// - Parameters:
    ///   - server: Any database of the server; its role may create databases.
    ///   - keepsRoles: Roles belong to the whole server. Where it is ours alone, those that were made meanwhile go too.
    /// - Throws: `PostgresError`, `CancellationError`, and what `body` throws.
    static func with<R: Sendable>(
        _ server: ServerAddress,
        keepsRoles: Bool,
        logger: Logger,
        _ body: @escaping @Sendable (ServerAddress) async throws -> R
    ) async throws -> R {
        let suffix = String(UInt32.random(in: 1 << 28 ... .max), radix: 16)
        // The maker's session stays open: by it others see that the database is not abandoned.
        return try await withHeldSession(
            server,
            logger: logger,
            prepare: { session in
                try dropAbandoned(session)
                let name = "\(mark)\(session.processID)_\(suffix)"
                let roles = try roleNames(session)
                // Nothing of template1 is part of a migration's outcome.
                try session.execute("CREATE DATABASE \(session.quoted(name)) TEMPLATE template0 ENCODING 'UTF8'")
                return (name: name, roles: roles)
            },
            while: { made in
                let result: Result<R, any Error>
                do {
                    result = .success(try await body(server.database(made.name)))
                } catch {
                    result = .failure(error)
                }
                // A cancelled task could not connect any more.
                await Task {
                    try? await withSession(server, logger: logger) { session in
                        try drop(made.name, session)
                        if !keepsRoles { try dropRoles(besides: made.roles, session) }
                    }
                }.value
                return try result.get()
            }
        )
    }

    private static func drop(_ name: String, _ session: borrowing Session) throws {
        try session.execute("DROP DATABASE IF EXISTS \(session.quoted(name)) WITH (FORCE)")
    }

    private static func roleNames(_ session: borrowing Session) throws -> Set<String> {
        Set(try session.query("SELECT rolname FROM pg_catalog.pg_roles").map { $0.text("rolname") })
    }

    private static func dropRoles(besides roles: Set<String>, _ session: borrowing Session) throws {
        for role in try roleNames(session).subtracting(roles) {
            // One that owns something elsewhere is not of this run.
            try? session.execute("DROP ROLE IF EXISTS \(session.quoted(role))")
        }
    }

    /// Those of runs that were killed.
    private static func dropAbandoned(_ session: borrowing Session) throws {
        let names = try session.query(
            """
            SELECT d.datname FROM pg_catalog.pg_database d
            CROSS JOIN LATERAL pg_catalog.regexp_match(d.datname, '^\(mark)([0-9]{1,9})_[0-9a-f]{8}$') AS m (maker)
            WHERE m.maker IS NOT NULL AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                                WHERE a.pid = m.maker[1]::int AND a.application_name = 'granary')
            """
        )
        for row in names { try? drop(row.text("datname"), session) }
    }
}
