package import Logging
package import PostgresClient

/// A database that exists while a closure runs.
package enum ScratchDatabase {
    /// Creates an empty database, passes it to `body`, and always drops it.
    ///
    /// - Parameters: - server: Any database of the server; its role must be able to create databases. - keepsRoles:
    ///   Roles belong to the whole server. If the server is granary's own, roles that `body` created are dropped too.
    /// - Throws: `PostgresError`, `CancellationError`, and errors of `body`.
    package static func with<R: Sendable>(
        _ server: ServerAddress,
        keepsRoles: Bool,
        logger: Logger,
        _ body: @escaping @Sendable (ServerAddress) async throws -> R
    ) async throws -> R {
        // The creating session stays open, which shows other runs that the database is not abandoned.
        try await withHeldSession(
            server,
            logger: logger,
            prepare: { session in
                for name in try SessionMark.scratch.abandoned(session) { try? NewDatabase.drop(name, session) }
                let name = SessionMark.scratch.suffix(process: session.processID)
                let roles = try roleNames(session)
                // Content of template1 must not become part of a migration's outcome.
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
                // A cancelled task could not connect.
                await Task {
                    try? await withSession(server, logger: logger) { session in
                        try NewDatabase.drop(made.name, session)
                        if !keepsRoles { try dropRoles(besides: made.roles, session) }
                    }
                }.value
                return try result.get()
            }
        )
    }

    /// Lends the name of a database that is not there yet, and drops what is there under it afterwards.
    ///
    /// - Parameter server: Any database of the server; its role may create databases.
    /// - Throws: `PostgresError`, `CancellationError`, and what `body` throws.
    package static func withName<R: Sendable>(
        _ server: ServerAddress,
        logger: Logger,
        _ body: @escaping @Sendable (_ name: String) async throws -> R
    ) async throws -> R {
        // As above, the session stays open.
        try await withHeldSession(
            server,
            logger: logger,
            prepare: { session in
                for name in try SessionMark.scratch.abandoned(session) { try? NewDatabase.drop(name, session) }
                return SessionMark.scratch.suffix(process: session.processID)
            },
            while: { name in
                let result: Result<R, any Error>
                do {
                    result = .success(try await body(name))
                } catch {
                    result = .failure(error)
                }
                // A cancelled task could not connect any more.
                await Task {
                    try? await withSession(server, logger: logger) { try NewDatabase.drop(name, $0) }
                }.value
                return try result.get()
            }
        )
    }

    private static func roleNames(_ session: borrowing Session) throws -> Set<String> {
        Set(try session.query("SELECT rolname FROM pg_catalog.pg_roles").map { $0.text("rolname") })
    }

    private static func dropRoles(besides roles: Set<String>, _ session: borrowing Session) throws {
        for role in try roleNames(session).subtracting(roles) {
            // A role that owns something elsewhere does not belong to this run.
            try? session.execute("DROP ROLE IF EXISTS \(session.quoted(role))")
        }
    }
}
