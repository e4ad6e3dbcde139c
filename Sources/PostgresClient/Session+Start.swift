internal import CLibpq

// The first statements of a session. The owner of a database chooses its search path and its timeouts, and may be the
// enemy of a superuser who connects to it: an operator or a function that comes first in that path would run with the
// superuser's rights. So the path is emptied before anything is looked up by name.
extension Session {
    /// The first statement of every session, and the one that ends each time in which the path was another.
    package static let emptySearchPath = "SELECT pg_catalog.set_config('search_path', '', false)"

    /// Empties the search path and takes away the timeouts.
    ///
    /// - Returns: What a timeout of the role or the database did to the session before it could be taken away, if it did.
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

    /// As it was after `withSession` began, whatever was set since: the role, the search path, all settings.
    ///
    /// - Throws: `PostgresError`; `CancellationError`.
    package borrowing func reset() throws {
        try execute("RESET SESSION AUTHORIZATION; RESET ALL; \(Session.emptySearchPath)")
        try execute(firstSettings)
    }

    /// The settings of the beginning again, after a RESET ALL that was not ours. The search path stays as it is.
    ///
    /// - Throws: `PostgresError`; `CancellationError`.
    package borrowing func restoreFirstSettings() throws { try execute(firstSettings) }

    /// What every session needs whatever it does. These statements name no function and no operator.
    private var firstSettings: String {
        let timeouts = Session.timeouts(serverVersion).map { "SET \($0) = 0" }.joined(separator: "; ")
        // The parser that cuts scripts into statements, and our own texts, take backslashes for themselves.
        return """
            SET client_encoding = '\(wire.codec == .bytes ? "SQL_ASCII" : "UTF8")'; \(timeouts);
            SET default_transaction_read_only = off; SET standard_conforming_strings = on
            """
    }

    /// The same server, with the timeouts among what the client says as it connects: a session that may be idle for a
    /// millisecond only is over before its first statement. Poolers refuse such options, hence not always.
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
    /// `query_canceled`, and a session that was idle, or in a transaction, for too long.
    fileprivate var isOfTimeout: Bool { ["57014", "57P05", "25P03", "25P04"].contains(sqlState) }
}

// The search path that the role or the database has set, for statements that people wrote to run under it.
extension Session {
    /// Gives the session the search path that psql would have, until `emptySearchPath` or `reset`: whoever chose that path
    /// then also chooses which functions and operators a name means. What of ours runs meanwhile names their schema.
    package static let databaseSearchPath = "SET search_path TO DEFAULT"

    /// Runs what is ours between statements of a user's, under an empty search path; then theirs is as they left it.
    ///
    /// - Throws: what `body` throws, after which a transaction is to be rolled back; `PostgresError`.
    package borrowing func underEmptySearchPath<R>(_ body: (borrowing Session) throws -> R) throws -> R {
        let isLocal = isInTransaction
        // One statement reads it and takes it away: its columns are worked out from left to right.
        let path = try query(
            "SELECT pg_catalog.current_setting('search_path'), pg_catalog.set_config('search_path', '', \(isLocal))"
        )[0].text("current_setting")
        let result = try body(self)
        try query("SELECT pg_catalog.set_config('search_path', $1, \(isLocal))", [path])
        return result
    }

    /// Runs what asks which object a name without a schema means, under the search path that psql would have.
    ///
    /// - Throws: what `body` throws; `PostgresError`.
    package borrowing func underDatabaseSearchPath<R>(_ body: (borrowing Session) throws -> R) throws -> R {
        try execute(Session.databaseSearchPath)
        let result = Result { try body(self) }
        try execute(Session.emptySearchPath)
        return try result.get()
    }

    /// The relation that a name means under the search path that psql would have; nil if there is none.
    ///
    /// - Parameter name: As SQL spells it, with or without a schema.
    package borrowing func relation(named name: String) throws -> UInt32? {
        try underDatabaseSearchPath {
            try $0.query("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid", [name])[0]["oid"]
        }.flatMap { UInt32($0) }
    }

    /// The schemas in which a name without one is looked up: those of the session's search path, and where that is empty
    /// those of the database's.
    package borrowing func searchedSchemas() throws -> [String] {
        func current(_ session: borrowing Session) throws -> [String] {
            try session.query("SELECT pg_catalog.current_schemas(false)")[0].texts("current_schemas")
        }
        let own = try current(self)
        return try own.isEmpty ? underDatabaseSearchPath(current) : own
    }
}
