package import Logging
package import PostgresClient

/// A database that exists while a closure runs.
package enum ScratchDatabase {
    /// Creates an empty database, passes it to `body`, and always drops it.
    ///
    /// - Parameters:
    ///   - server: Any database of the server; its role must be able to create databases.
    ///   - keepsRoles: Roles belong to the whole server. If the server is granary's own, roles that `body` created are
    ///     dropped too.
    /// - Throws: `PostgresError`, `CancellationError`, and errors of `body`.
    package static func with<R: Sendable>(
        _ server: ServerAddress,
        keepsRoles: Bool,
        logger: Logger,
        _ body: @escaping @Sendable (ServerAddress) async throws -> R
    ) async throws -> R {
        let server = server.ignoringReadOnlyDefault
        // The creating session stays open, which shows other runs that the database is not abandoned.
        return try await withHeldSession(
            server,
            logger: logger,
            prepare: { session in
                let abandoned = try SessionMark.scratch.abandoned(session)
                let name = SessionMark.scratch.suffix(process: session.processID)
                let roles = try roleNames(session)
                // Content of template1 must not become part of a migration's outcome.
                try session.execute("CREATE DATABASE \(session.quoted(name)) TEMPLATE template0 ENCODING 'UTF8'")
                return (name: name, roles: roles, abandoned: abandoned)
            },
            while: { made in
                try await dropping(made.name, made.abandoned, server, logger) {
                    try await body(server.database(made.name))
                } after: {
                    guard !keepsRoles else { return }
                    try await withSession(server, logger: logger) { try dropRoles(besides: made.roles, $0) }
                }
            }
        )
    }

    /// The use of a database, which is a part of its name.
    package enum Purpose: Sendable {
        case scratch, drill

        fileprivate var mark: SessionMark { self == .drill ? .drill : .scratch }
    }

    /// Passes the name of a database that does not exist yet to `body`, and drops a database with this name afterwards.
    ///
    /// - Parameters:
    ///   - server: Any database of the server; its role must be able to create databases.
    ///   - keptName: The name under which to keep the database; nil drops it.
    /// - Throws: `PostgresError`, `CancellationError`, and errors of `body`.
    package static func withName<R: Sendable>(
        _ server: ServerAddress,
        for purpose: Purpose = .scratch,
        logger: Logger,
        keptName: @escaping @Sendable (Result<R, any Error>) -> String? = { _ in nil },
        _ body: @escaping @Sendable (_ name: String) async throws -> R
    ) async throws -> R {
        let server = server.ignoringReadOnlyDefault
        // As above, the session stays open.
        return try await withHeldSession(
            server,
            logger: logger,
            prepare: { session in
                (
                    name: purpose.mark.suffix(process: session.processID),
                    abandoned: try purpose.mark.abandoned(session)
                )
            },
            while: { made in
                try await dropping(made.name, made.abandoned, server, logger, keptName: keptName) {
                    try await body(made.name)
                }
            }
        )
    }

    /// Drops leftovers of killed runs, runs `body`, and then always drops its database.
    private static func dropping<R: Sendable>(
        _ name: String,
        _ abandoned: [String],
        _ server: ServerAddress,
        _ logger: Logger,
        keptName: (Result<R, any Error>) -> String? = { _ in nil },
        _ body: () async throws -> R,
        after: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> R {
        for name in abandoned { await drop(name, server, logger) }
        let result: Result<R, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        let kept = keptName(result)
        // A cancelled task could not connect.
        await Task {
            if let kept {
                await keep(name, as: kept, server, logger)
            } else {
                await drop(name, server, logger)
            }
            try? await after()
        }.value
        return try result.get()
    }

    /// Under another name, no later run considers it abandoned.
    private static func keep(_ name: String, as kept: String, _ server: ServerAddress, _ logger: Logger) async {
        do {
            try await withSession(server, logger: logger) { session in
                let rename = "ALTER DATABASE \(session.quoted(name)) RENAME TO \(session.quoted(kept))"
                let isThere = try !session.query(
                    "SELECT 1 AS found FROM pg_catalog.pg_database WHERE datname = $1",
                    [name]
                ).isEmpty
                if isThere { try session.execute(rename) }
            }
        } catch {
            logger.warning("the database \(name) could not be renamed to \(kept): \(error)")
        }
    }

    /// Reports no error, because the result of the run does not depend on it. The next run tries again.
    private static func drop(_ name: String, _ server: ServerAddress, _ logger: Logger) async {
        do {
            try await NewDatabase.dropUnused(name, server, logger: logger)
        } catch {
            logger.warning("the scratch database \(name) is still there: \(error)")
        }
    }

    private static func roleNames(_ session: borrowing Session) throws -> Set<String> {
        Set(try session.query("SELECT rolname FROM pg_catalog.pg_roles").map { $0.text("rolname") })
    }

    private static func dropRoles(besides roles: Set<String>, _ session: borrowing Session) throws {
        for role in try roleNames(session).subtracting(roles) {
            // A role that owns objects in another database does not belong to this run.
            try? session.execute("DROP ROLE IF EXISTS \(session.quoted(role))")
        }
    }
}
