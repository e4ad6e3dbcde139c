internal import Logging

/// What is set in a session, or locked by it, is worth something only while the session is ours; behind a pooler that
/// changes sessions with each transaction, the next program would find what we have set.
package enum SessionPooling {
    /// Behind a pooler that gives each transaction a session of its own choice, a second connection is given the very session
    /// that we were given, while we still think it is ours.
    ///
    /// - Parameter isExpected: Asks also where nothing shows that there is a pooler.
    /// - Throws: `PostgresError` with `.pooled` behind such a pooler.
    package static func requireOwnSession(_ session: inout Session, isExpected: Bool = false) throws {
        let first = try process(session)
        // A pooler hands out numbers of its own for cancelling; without one there is nothing to ask.
        guard isExpected || first != session.processID else { return }
        let other = try otherProcess(beside: &session)
        var own = [first]
        for _ in 0..<5 { own.append(try process(session)) }
        guard isShared(own: own, other: other) else { return }
        let address = try directAddress(session)
        try giveBack(session)
        throw PostgresError(
            code: .pooled,
            message: "between granary and the server is a pooler that changes sessions with each transaction",
            hint: "connect to \(address), or through a pool in session mode"
        )
    }

    /// Takes back what every session of ours sets when it begins: the next program is given this session of the server.
    private static func giveBack(_ session: borrowing Session) throws { try session.execute("RESET ALL") }

    /// - Parameters:
    ///   - own: The server processes that our connection was given, one after the other.
    ///   - other: The one that another connection was given meanwhile; nil where it got none.
    static func isShared(own: [Int], other: Int?) -> Bool {
        Set(own).count > 1 || other.map(own.contains) == true
    }

    /// The server's process that answers, which is not the session's `processID` behind a pooler.
    package static func process(_ session: borrowing Session) throws -> Int {
        try session.query("SELECT pg_catalog.pg_backend_pid() AS pid")[0].int("pid")
    }

    /// The process that a second connection gets.
    private static func otherProcess(beside session: inout Session) throws -> Int? {
        let server = session.pinnedAddress.setting("connect_timeout", to: "3")
        let logger = session.logger
        return try session.waiting {
            do {
                return try await withSession(server, logger: logger) { other in
                    try other.within(.seconds(3)) { other in
                        let process = try process(other)
                        try giveBack(other)
                        return process
                    }
                }
            } catch let error as PostgresError {
                // A pool in session mode whose sessions are all taken lets it wait: then ours is our own.
                logger.debug("no second connection through the pooler: \(error)")
                return nil
            }
        }
    }

    /// Where the server itself listens, for a person to put into the connection's address.
    private static func directAddress(_ session: borrowing Session) throws -> String {
        let found = try session.query(
            """
            SELECT pg_catalog.host(pg_catalog.inet_server_addr()) AS host,
                   coalesce(pg_catalog.inet_server_port()::pg_catalog.text, pg_catalog.current_setting('port')) AS port
            """
        )[0]
        return direct(host: session.host, port: session.port, server: found["host"], serverPort: found.text("port"))
    }

    /// - Parameters:
    ///   - host: Of the pooler, and its `port`.
    ///   - server: The address at which the pooler reaches the server; nil over a socket.
    static func direct(host: String, port: String, server: String?, serverPort: String) -> String {
        // Services that run the pooler beside the server name both alike.
        let name = host.split(separator: ".", omittingEmptySubsequences: false)
        if let first = name.first, first.hasSuffix("-pooler") {
            let direct = ([first.dropLast("-pooler".count)] + name.dropFirst()).joined(separator: ".")
            return "the server itself, at the host \(direct) (without -pooler)"
        }
        if port == "6543" { return "port 5432 of \(host)" }
        guard let server else { return "the server itself, at port \(serverPort) instead of \(port)" }
        return "the server itself, which the pooler reaches at \(server), port \(serverPort)"
    }
}
