internal import Logging
internal import PostgresClient

/// A lock of the session is worth something only while the session is ours.
enum SessionPooling {
    /// Behind a pooler that gives each transaction a session of its own choice, a second connection is given the very session
    /// that we were given, while we still think it is ours.
    ///
    /// - Throws: `MigrationError` with `.policy` behind such a pooler.
    static func requireOwnSession(_ session: inout Session) throws {
        let first = try process(session)
        // A pooler hands out numbers of its own for cancelling; without one there is nothing to ask.
        guard first != session.processID else { return }
        let other = try otherProcess(beside: &session)
        var own = [first]
        for _ in 0..<5 { own.append(try process(session)) }
        guard isShared(own: own, other: other) else { return }
        throw MigrationError(
            .policy,
            "between granary and the server is a pooler that changes sessions with each transaction",
            hint: "migrate through a direct connection, or through a pool in session mode"
        )
    }

    /// - Parameters:
    ///   - own: The server processes that our connection was given, one after the other.
    ///   - other: The one that another connection was given meanwhile; nil where it got none.
    static func isShared(own: [Int], other: Int?) -> Bool {
        Set(own).count > 1 || other.map(own.contains) == true
    }

    static func process(_ session: borrowing Session) throws -> Int {
        try session.query("SELECT pg_catalog.pg_backend_pid() AS pid")[0].int("pid")
    }

    /// The process that a second connection gets.
    private static func otherProcess(beside session: inout Session) throws -> Int? {
        let server = session.pinnedAddress.setting("connect_timeout", to: "3")
        let logger = session.logger
        return try session.waiting {
            do {
                return try await withSession(server, logger: logger) { other in
                    try other.within(.seconds(3)) { try process($0) }
                }
            } catch let error as PostgresError {
                // A pool in session mode whose sessions are all taken lets it wait: then ours is our own.
                logger.debug("no second connection through the pooler: \(error)")
                return nil
            }
        }
    }
}
