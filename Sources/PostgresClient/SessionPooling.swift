internal import Logging

/// Settings and locks of a session are only useful if the session belongs to granary alone. A pooler in transaction
/// mode gives the same session to other programs.
package enum SessionPooling {
    /// Detects such a pooler: while granary still uses its session, a second connection gets the same session of the
    /// server.
    ///
    /// - Parameter isExpected: Check even if nothing indicates a pooler.
    /// - Throws: `PostgresError` with `.pooled` behind such a pooler.
    package static func requireOwnSession(_ session: inout Session, isExpected: Bool = false) throws {
        let first = try process(session)
        // A pooler invents its own process numbers. If the number is real, there is nothing to check.
        guard isExpected || first != session.processID else { return }
        let other = try otherProcess(beside: &session)
        var own = [first]
        for _ in 0..<5 { own.append(try process(session)) }
        guard isShared(own: own, other: other) else { return }
        let address = try directAddress(session)
        try giveBack(session)
        throw PostgresError(
            code: .pooled,
            message: "the pooler between granary and the server changes sessions with each transaction",
            hint: "connect to \(address), or through a pool in session mode"
        )
    }

    /// Resets the settings that every session of granary makes, because the pooler gives this session to another
    /// program.
    private static func giveBack(_ session: borrowing Session) throws { try session.execute("RESET ALL") }

    /// - Parameters:
    ///   - own: The server processes that served this connection, in order.
    ///   - other: The process that served another connection meanwhile; nil if it got none.
    static func isShared(own: [Int], other: Int?) -> Bool {
        Set(own).count > 1 || other.map(own.contains) == true
    }

    /// The server process that answers. Behind a pooler it differs from the session's `processID`.
    package static func process(_ session: borrowing Session) throws -> Int {
        try session.query("SELECT pg_catalog.pg_backend_pid() AS pid")[0].int("pid")
    }

    /// The server process that serves a second connection.
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
                // A pool in session mode without a free session makes it wait: then this session is exclusive.
                logger.debug("no second connection through the pooler: \(error)")
                return nil
            }
        }
    }

    /// The address of the server itself, for messages.
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
    ///   - host: The pooler's, and its `port`.
    ///   - server: The address at which the pooler reaches the server; nil for a socket.
    static func direct(host: String, port: String, server: String?, serverPort: String) -> String {
        // Services that run the pooler beside the server use the same name for both.
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
