internal import CLibpq

// The first statements of a session. The owner of a database chooses its search path and its timeouts, and may be
// hostile to a superuser who connects: an operator or a function found first in that path would run with the
// superuser's rights. So the path is emptied before anything is looked up by name.
extension Session {
    /// The first statement of every session. It also ends each section that used another path.
    package static let emptySearchPath = "SELECT pg_catalog.set_config('search_path', '', false)"

    /// Empties the search path and switches the timeouts off.
    ///
    /// - Returns: The error, if a timeout of the role or the database struck before it was switched off.
    /// - Throws: `PostgresError`; `CancellationError`.
    func start() throws -> PostgresError? {
        wire.deadline = .now + .seconds(secondsToConnect)
        defer { wire.deadline = nil }
        do {
            try execute(Session.emptySearchPath)
            try execute(firstSettings)
            return nil
        } catch let error as PostgresError where error.isOfTimeout || error.code == .connectionLost {
            return error
        }
    }

    /// Restores the state after `withSession` began: the role, the search path, all settings.
    ///
    /// - Throws: `PostgresError`; `CancellationError`.
    package borrowing func reset() throws {
        try execute("RESET SESSION AUTHORIZATION; RESET ALL; \(Session.emptySearchPath)")
        try execute(firstSettings)
    }

    /// Sets the first settings again after a RESET ALL by a user's statement. The search path is not changed.
    ///
    /// - Throws: `PostgresError`; `CancellationError`.
    package borrowing func restoreFirstSettings() throws { try execute(firstSettings) }

    /// Settings that every session needs. These statements name no function and no operator.
    private var firstSettings: String {
        let timeouts = Session.timeouts(serverVersion).map { "SET \($0) = 0" }.joined(separator: "; ")
        let writes = ignoresReadOnlyDefault ? "SET default_transaction_read_only = off; " : ""
        // The parser that divides scripts into statements, and granary's own texts, treat backslashes literally.
        return """
            SET client_encoding = '\(wire.codec == .bytes ? "SQL_ASCII" : "UTF8")'; \(timeouts);
            \(writes)SET standard_conforming_strings = on
            """
    }

    /// The same server, with the timeouts sent as connection options: a session with an idle limit of a millisecond
    /// would end before its first statement. Poolers refuse such options, so they are not always sent.
    func sendingTimeouts(to server: ServerAddress, _ version: Int) -> ServerAddress {
        let given = connectionParameter("options").map { [$0] } ?? []
        let timeouts = Session.timeouts(version).map { "-c \($0)=0" }
        return server.setting("options", to: (given + timeouts).joined(separator: " "))
    }

    private static func timeouts(_ version: Int) -> [String] {
        Session.timeouts.filter { $0.since <= version }.map(\.name)
    }
}

extension PostgresError {
    /// `query_canceled`, and sessions that were idle, or idle in a transaction, for too long.
    fileprivate var isOfTimeout: Bool { ["57014", "57P05", "25P03", "25P04"].contains(sqlState) }
}

// The search path of the role or the database, for statements that people wrote to run under it.
extension Session {
    /// Gives the session the search path that psql would have, until `emptySearchPath` or `reset`. The owner of that
    /// path then chooses which functions and operators a name means, so granary's statements that run meanwhile name
    /// their schemas.
    package static let databaseSearchPath = "SET search_path TO DEFAULT"

    /// Runs granary's own statements between a user's statements, under an empty search path, and restores the user's
    /// path.
    ///
    /// - Throws: Errors of `body`, after which the transaction must be rolled back; `PostgresError`.
    package borrowing func underEmptySearchPath<R>(_ body: (borrowing Session) throws -> R) throws -> R {
        let isLocal = isInTransaction
        // One statement reads the path and empties it: its columns are evaluated from left to right.
        let path = try query(
            "SELECT pg_catalog.current_setting('search_path'), pg_catalog.set_config('search_path', '', \(isLocal))"
        )[0].text("current_setting")
        let result = try body(self)
        try query("SELECT pg_catalog.set_config('search_path', $1, \(isLocal))", [path])
        return result
    }

    /// Runs queries that resolve names without a schema, under the search path that psql would have.
    ///
    /// - Throws: Errors of `body`; `PostgresError`.
    package borrowing func underDatabaseSearchPath<R>(_ body: (borrowing Session) throws -> R) throws -> R {
        try execute(Session.databaseSearchPath)
        let result = Result { try body(self) }
        try execute(Session.emptySearchPath)
        return try result.get()
    }

    /// The relation that a name means under the search path that psql would have; nil if there is none.
    ///
    /// - Parameter name: In SQL syntax, with or without a schema.
    package borrowing func relation(named name: String) throws -> UInt32? { try relations(named: [name]).first }

    /// Those of the names that mean a relation.
    package borrowing func relations(named names: [String]) throws -> [UInt32] {
        try underDatabaseSearchPath {
            try $0.query(
                """
                SELECT DISTINCT pg_catalog.to_regclass(n.name)::pg_catalog.oid AS oid
                FROM pg_catalog.unnest($1::pg_catalog.text[]) AS n (name)
                WHERE pg_catalog.to_regclass(n.name) IS NOT NULL
                """,
                [QuotedText.array(names)]
            ).map { $0.oid("oid") }
        }
    }

    /// The schemas in which names without a schema are looked up: those of the session's search path, or if that is
    /// empty, of the database's.
    package borrowing func searchedSchemas() throws -> [String] {
        func current(_ session: borrowing Session) throws -> [String] {
            try session.query("SELECT pg_catalog.current_schemas(false)")[0].texts("current_schemas")
        }
        let own = try current(self)
        return try own.isEmpty ? underDatabaseSearchPath(current) : own
    }
}
