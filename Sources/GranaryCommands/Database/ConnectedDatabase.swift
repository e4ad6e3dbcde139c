package import Environments
internal import LocalServer
package import PostgresClient

/// A database that answers, by name.
package struct ConnectedDatabase: Sendable {
    /// The very server that answered.
    package var address: ServerAddress
    /// The address as it was given.
    package var given: ServerAddress
    package var name: String
    /// Host and port, or the socket's folder.
    package var host: String
    /// Whether it is on the local server of this folder.
    package var isLocal = false
    /// `--env`.
    package var environmentOption: String?
    /// What was said of the environment before the database was asked.
    package var environmentName: String?
    /// The environments there are.
    package var environments = EnvironmentsFile.usual
    /// False for a target of a restore that is yet to be made.
    package var exists = true
    /// The size on disk, and the rows the planner believes in.
    package var bytes = 0
    package var tables = 0
    package var rowsEstimate = 0
}

extension DatabaseOptions {
    /// Chooses the database, says which and where, starts the local server if that is it, and waits until it answers.
    ///
    /// - Parameters:
    ///   - mayBeMissing: Whether a database that is not there yet will do, as for a restore.
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
            variables: console.environment,
            marker: nil,
            file: environments
        )?.name
        let (address, isLocal) = try await address(environmentName: environmentName, on: console)
        let probe = DatabaseProbe(address: address, patience: wait?.duration ?? .zero, console: console)
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

    private func address(
        environmentName: String?,
        on console: Console
    ) async throws -> (
        ServerAddress, isLocal: Bool
    ) {
        var given = DatabaseChoice.Given()
        given.url = databaseURL
        given.isLocal = local
        given.hasLocalServer = LocalCluster.exists(project: ".")
        given.environmentName = environmentName
        given.variables = console.environment
        switch try DatabaseChoice.from(given) {
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
