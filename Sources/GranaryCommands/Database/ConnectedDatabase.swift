internal import LocalServer
package import PostgresClient
package import Project

/// A database that answers, with its name.
package struct ConnectedDatabase: Sendable {
    /// The server that answered.
    package var address: ServerAddress
    /// The address as given.
    package var given: ServerAddress
    package var name: String
    /// Host and port, or the socket's folder.
    package var host: String
    /// Whether it is on the local server of this folder.
    package var isLocal = false
    /// `--env`.
    package var environmentOption: String?
    /// The environment that was chosen before the database was asked.
    package var environmentName: String?
    /// The declared environments.
    package var environments = EnvironmentsFile.usual
    /// False for a target that a restore will create.
    package var exists = true
    /// The database that answered in place of one that is missing.
    package var through: String?
    /// The number of additional sessions that the server accepts.
    package var room = SessionRoom()
    /// The size on disk, and the planner's estimate of rows.
    package var bytes = 0
    package var tables = 0
    package var rowsEstimate = 0
}

extension ConnectedDatabase {
    /// The same database for a restore, which writes although the database or the role is read-only by default.
    var ignoringReadOnlyDefault: ConnectedDatabase {
        var copy = self
        copy.address = address.ignoringReadOnlyDefault
        return copy
    }

    /// Connects to another database of the same server.
    ///
    /// - Throws: `PostgresError`, `CancellationError`.
    func beside(named name: String, on console: Console) async throws -> ConnectedDatabase {
        let probe = DatabaseProbe(address: address.database(name), patience: .zero, console: console)
        var other = try await probe.existing()
        (other.environmentOption, other.environmentName) = (environmentOption, environmentName)
        (other.environments, other.isLocal, other.host) = (environments, isLocal, host)
        return other
    }

    /// The schemas of the services that the command knows: of the folder's service, and of the named one.
    ///
    /// - Throws: `EnvironmentsError` with `.usage` for an invalid name.
    func services(
        migrations: String,
        variables: [String: String],
        named option: String? = nil
    ) throws -> [String: [String]] {
        func service(_ name: String?) throws -> Service {
            try Service.resolve(option: name, variables: variables, file: environments, folder: migrations)
        }
        var services: [String: [String]] = [:]
        // The folder's name is not a valid service name, so there is no service.
        if let own = try? service(nil) { services[own.name] = own.schemas }
        if let option {
            let named = try service(option)
            services[named.name] = named.schemas
        }
        return services
    }
}

extension ConnectedDatabase {
    /// The number of workers that can have a session each. Two more sessions lead and describe.
    ///
    /// - Throws: `PostgresError` with the exit status of a busy server, if there are too few sessions.
    func workers(_ jobs: JobsOption, on console: Console) throws -> Int {
        let count = try room.workers(jobs.count)
        if let asked = jobs.jobs, count < asked {
            console.note("note: \(count) workers instead of \(asked), because \(room.sentence)")
        }
        return count
    }
}

extension DatabaseOptions {
    /// Chooses the database, prints its name and the reason for the choice, starts the local server if necessary, and
    /// waits until the server answers.
    ///
    /// - Parameters:
    ///   - mayBeMissing: Whether the database may be missing, as for a restore.
    ///   - migrations: The folder with `environments.json`.
    ///   - maintenance: The database to ask then; nil tries `postgres` and `template1`.
    /// - Throws: `CommandError`, `LocalServerError`, `PostgresError`, `CancellationError`.
    func connect(
        on console: Console,
        mayBeMissing: Bool = false,
        maintenance: String? = nil,
        migrations: String = "migrations"
    ) async throws -> ConnectedDatabase {
        let environments = try EnvironmentsFile.read(migrations: migrations)
        let environmentName = try EnvironmentChoice.resolve(
            option: env,
            from: OptionVariables.used["env"],
            variables: console.environment,
            marker: nil,
            file: environments
        )?.name
        let (address, isLocal) = try await address(environmentName.map(environments.rules), on: console)
        if isLocal, let environmentName {
            try environments.requireRulesInPlace([.production], of: environmentName)
        }
        let foreign = DatabaseChoice.foreignParameters(given(environmentName.map(environments.rules), on: console))
        for note in foreign?.notes ?? [] { console.note("note: \(note)") }
        var probe = DatabaseProbe(address: address, patience: wait?.duration ?? .zero, console: console)
        probe.expectsPooler = foreign?.expectsPooler ?? false
        var database: ConnectedDatabase
        if mayBeMissing {
            database = try await probe.existing(orThrough: maintenance.map { [$0] } ?? ["postgres", "template1"])
        } else {
            database = try await probe.existing()
        }
        database.environmentOption = env
        database.environmentName = environmentName
        database.environments = environments
        database.isLocal = isLocal
        if isLocal { database.host = "the local server" }
        return database
    }

    /// Whether no database is given, so that only files can be examined.
    func isMissing(on console: Console, migrations: String) throws -> Bool {
        try outlook(on: console, migrations: migrations).isMissing
    }

    /// What is known without a connection.
    struct Outlook {
        /// Whether no database is given.
        var isMissing: Bool
        /// Whether it is this folder's local server, which marks itself.
        var isLocal: Bool
        /// Its name and host; nil if none is given.
        var server: ServerDescription?
        /// The chosen environment; nil if only the marker says.
        var choice: EnvironmentChoice?
        /// The declared environments.
        var declared: [String]
    }

    func outlook(on console: Console, migrations: String) throws -> Outlook {
        let file = try EnvironmentsFile.read(migrations: migrations)
        let choice = try EnvironmentChoice.resolve(
            option: env,
            from: OptionVariables.used["env"],
            variables: console.environment,
            marker: nil,
            file: file
        )
        let given = given((choice?.name).map(file.rules), on: console)
        var outlook = Outlook(isMissing: true, isLocal: false, choice: choice, declared: file.names)
        guard DatabaseChoice.isMade(from: given) else { return outlook }
        outlook.isMissing = false
        // An error in the address is reported when the command connects.
        switch try? DatabaseChoice.from(given) {
        case .localServer: outlook.isLocal = true
        case .server(let address, _): outlook.server = ServerDescription(address, variables: console.environment)
        case nil: break
        }
        return outlook
    }

    private func given(_ environment: EnvironmentPolicy?, on console: Console) -> DatabaseChoice.Given {
        var given = DatabaseChoice.Given()
        given.url = databaseURL
        given.isLocal = local
        given.hasLocalServer = LocalCluster.exists(project: ".")
        given.localServerIsStopped = LocalCluster.isStopped(project: ".")
        given.environment = environment
        given.variables = console.environment
        return given
    }

    private func address(
        _ environment: EnvironmentPolicy?,
        on console: Console
    ) async throws -> (
        ServerAddress, isLocal: Bool
    ) {
        switch try DatabaseChoice.from(given(environment, on: console)) {
        case .server(let address, let source):
            let server = ServerDescription(address, variables: console.environment)
            console.note("database \(server.database) at \(server.host) (\(source))")
            return (address, false)
        case .localServer(let source):
            let cluster = try LocalCluster.open(
                project: ".",
                postgresBin: programs.postgresBin,
                logger: console.logger
            )
            console.note("database \(cluster.database) at the local server (\(source))")
            return (ServerAddress(try await cluster.start().url), true)
        }
    }
}
