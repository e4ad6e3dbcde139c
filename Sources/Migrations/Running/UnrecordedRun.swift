package import PostgresClient
internal import SQLText

// Running a file without a ledger.
extension MigrationScript {
    /// Runs the file as the migrator does, without a ledger; the settings that it made are gone afterwards.
    ///
    /// - Parameters:
    ///   - makesRoles: Whether a role that the file names is made if the server does not know it.
    ///   - keepsChanges: Otherwise they are rolled back, as far as a transaction is around them.
    /// - Returns: The first statement that failed; a wrapped file has then changed nothing.
    /// - Throws: `PostgresError` for a lost connection; `CancellationError`.
    package func run(
        _ session: inout Session,
        makesRoles: Bool,
        keepsChanges: Bool = true
    ) throws -> StatementFailure? {
        var made = Set<String>()
        while let failure = try run(&session, keepsChanges) {
            guard makesRoles, mode == .wrapped, let role = failure.missingRole, made.insert(role).inserted else {
                return failure
            }
            try session.execute("CREATE ROLE \(session.quoted(role))")
        }
        return nil
    }

    private func run(_ session: inout Session, _ keepsChanges: Bool) throws -> StatementFailure? {
        var index = 0
        do {
            try session.execute(Session.databaseSearchPath)
            if mode == .wrapped { try session.execute("BEGIN") }
            for statement in statements {
                try statement.run(&session)
                index += 1
            }
            if mode == .wrapped { try session.execute(keepsChanges ? "COMMIT" : "ROLLBACK") }
            try session.startAnew()
            return nil
        } catch let error as PostgresError {
            guard error.code != .connectionLost else { throw error.at(place(of: index)) }
            if session.isInTransaction { try session.execute("ROLLBACK") }
            try session.startAnew()
            return StatementFailure(error, at: index, of: self)
        }
    }

    /// Runs a wrapped file in the transaction that the caller has begun, up to what would be its COMMIT: constraints that
    /// are deferred are checked. The session's settings are as at its beginning afterwards.
    ///
    /// - Returns: The first statement that failed, after which the transaction can only be rolled back.
    /// - Throws: `PostgresError` for a lost connection; `CancellationError`.
    package func runWithin(_ session: inout Session) throws -> StatementFailure? {
        var index = 0
        do {
            try session.execute(Session.databaseSearchPath)
            for statement in statements {
                try statement.run(&session)
                index += 1
            }
            try session.execute("SET CONSTRAINTS ALL IMMEDIATE")
            // What DISCARD ALL does, which no transaction takes.
            try session.execute("CLOSE ALL; DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES")
            try session.reset()
            try session.setPatience()
            return nil
        } catch let error as PostgresError {
            guard error.code != .connectionLost else { throw error.at(place(of: index)) }
            return StatementFailure(error, at: index, of: self)
        }
    }
}

extension StatementFailure {
    /// The role that the server does not know; undefined_object is of many kinds, and only the words tell.
    package var missingRole: String? {
        guard error.sqlState == "42704",
            let match = error.server?.message.firstMatch(of: #/^role "(.+)" does not exist$/#)
        else { return nil }
        return String(match.1)
    }
}
