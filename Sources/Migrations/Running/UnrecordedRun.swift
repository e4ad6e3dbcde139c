package import PostgresClient
internal import SQLText

extension MigrationScript {
    /// Runs the file as the migrator does, but without a ledger. Resets the settings of the session afterwards.
    ///
    /// - Parameters:
    ///   - makesRoles: Whether to create the roles that the file names and the server does not have.
    ///   - keepsChanges: Whether to commit. If not, a wrapped file is rolled back; other files cannot be.
    /// - Returns: The first statement that failed; nil if none did. A wrapped file that fails has changed nothing.
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

    /// Runs a wrapped file in the caller's transaction, up to the point of its COMMIT. Checks deferred constraints.
    /// Resets the settings of the session afterwards.
    ///
    /// - Returns: The first statement that failed; nil if none did. After a failure the transaction can only be rolled
    ///   back.
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
            // The parts of DISCARD ALL that are allowed in a transaction.
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
    /// The role that the server does not know. The SQLSTATE covers many kinds of objects, so only the message tells.
    package var missingRole: String? {
        guard error.sqlState == "42704",
            let match = error.server?.message.firstMatch(of: #/^role "(.+)" does not exist$/#)
        else { return nil }
        return String(match.1)
    }
}
