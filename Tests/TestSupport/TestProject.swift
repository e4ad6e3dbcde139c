import PostgresClient

/// A service's folder with its own database, which most tests begin with.
///
/// Test modules extend it with their commands: seed, clean, migrate.
package struct TestProject: Sendable {
    package let server: ThrowawayServer
    package let url: String
    package let folder: ScratchFolder
    package var environment = "development"
    package var service = "shop"
    /// The environment variables of every command.
    package var variables: [String: String?]

    package init(server: ThrowawayServer, url: String, folder: ScratchFolder, service: String = "shop") {
        self.server = server
        self.url = url
        self.folder = folder
        self.service = service
        variables = ["DATABASE_URL": url]
    }

    /// Passes a project to `body`.
    ///
    /// - Parameters:
    ///   - sql: The content of the database.
    ///   - files: Texts by their names in the folder, such as `migrations/1_a.up.sql`.
    ///   - options: Further options of `CREATE DATABASE`.
    ///   - server: The shared one unless given.
    ///   - parent: Where the folder is made, as for `ScratchFolder`.
    package static func with<R>(
        _ sql: String = "",
        files: KeyValuePairs<String, String> = [:],
        options: String = "",
        on server: ThrowawayServer? = nil,
        in parent: String = "/tmp",
        _ body: (TestProject) async throws -> R
    ) async throws -> R {
        let server = if let server { server } else { try await ThrowawayServer.shared() }
        return try await ScratchFolder.with(in: parent) { folder in
            for (name, text) in files { try folder.write(text, to: name) }
            return try await server.withDatabase(options: options) { url in
                if !sql.isEmpty { try await psql(url, sql) }
                return try await body(TestProject(server: server, url: url, folder: folder))
            }
        }
    }

    /// The name of the database.
    package var database: String { String(url.dropFirst("postgresql:///".count).prefix { $0 != "?" }) }

    /// The migrations folder.
    package var migrations: String { folder.file("migrations") }

    /// Writes a file in the folder of migrations, and returns its path.
    @discardableResult
    package func writeMigration(_ text: String, to name: String) throws -> String {
        try folder.write(text, to: "migrations/\(name)")
    }

    @discardableResult
    package func sql(_ text: String) async throws -> String { try await psql(url, text) }

    /// Runs the command in the folder, on the database.
    @discardableResult
    package func granary(
        _ arguments: [String],
        environment: [String: String?] = [:],
        input: [UInt8] = []
    ) async throws -> CommandOutcome {
        try await runCommand(
            granaryBinary(),
            arguments,
            environment: variables.merging(environment) { $1 },
            workingDirectory: folder.path,
            input: input
        )
    }

    @discardableResult
    package func granary(_ arguments: String..., environment: [String: String?] = [:]) async throws -> CommandOutcome {
        try await granary(arguments, environment: environment)
    }

    /// Marks the database, which may be marked already.
    package func mark(_ environment: String = "development") async throws {
        let outcome = try await granary("env", "mark", environment, "--force", "--quiet")
        guard outcome.status == 0 else { throw CommandFailure(description: "env mark: \(outcome)") }
    }

    /// Runs `body` while another session keeps its transaction, and its locks, open after `sql`.
    package func holding<R: Sendable>(
        _ sql: String,
        as application: String = "the holder",
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await withHeldSession(
            ServerAddress(url),
            logger: quietLogger,
            prepare: {
                try $0.execute("\(Session.databaseSearchPath); SET application_name = '\(application)'; BEGIN; \(sql)")
            },
            while: { try await body() }
        )
    }
}
