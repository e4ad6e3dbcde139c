internal import Environments
internal import PostgresClient

extension EnvironmentOptions {
    /// The environment that `--env` or a variable names: what is known before there is a connection.
    ///
    /// - Throws: `EnvironmentsError` with `.usage` for an undeclared name.
    func explicit(_ file: EnvironmentsFile, on console: Console) throws -> EnvironmentChoice? {
        let choice = try EnvironmentChoice.resolve(option: env, variables: console.environment, file: file)
        return choice.flatMap { $0.isExplicit ? $0 : nil }
    }

    /// What the database is asked with.
    func request(
        for database: ConnectedDatabase,
        _ file: EnvironmentsFile,
        on console: Console
    ) throws -> EnvironmentRequest {
        EnvironmentRequest(
            option: env,
            variables: console.environment,
            file: file,
            isOwnLocalServer: database.isLocal,
            stateSchema: try state.schema()
        )
    }
}

extension EnvironmentRequest {
    /// Asks the guard, marks the database if it says so, and tells the environment.
    ///
    /// - Throws: `EnvironmentsError` with `.refused` and others; `PostgresError`.
    @discardableResult
    func requireWriting(into database: ConnectedDatabase, on console: Console) async throws -> Admitted {
        let admitted = try await withSession(database.address, logger: console.logger) { session in
            try session.pin()
            return try admit(writing: true, &session)
        }
        if let choice = admitted.choice {
            let source = admitted.isNewlyMarked ? "\(choice.source); the database is now marked so" : "\(choice.source)"
            console.note("environment \(choice.name) (\(source))")
        }
        return admitted
    }
}
