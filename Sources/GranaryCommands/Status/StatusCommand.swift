internal import Archive
package import ArgumentParser
internal import Inspection
internal import Migrations
internal import Project
internal import Storage

/// `granary status`.
package struct StatusCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show database, environment, migrations, last backup and findings on one screen.",
        discussion: """
            Changes nothing. Without a database it shows what the files tell, and exits with 4. `granary migrate \
            status` lists every migration, and `granary doctor` every check.

            Example:
              granary status
              granary status --json

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"
    @Option(name: .long, help: ArgumentHelp("The folder of seeds.", valueName: "folder"), completion: .directory)
    package var seeds = "seeds"
    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package init() {}

    package func run(on console: Console) async throws {
        let connected = try await connect(on: console)
        // The others would say again which database was chosen.
        let quiet = console.quiet
        let outlook = try common.database.outlook(on: quiet, migrations: common.service.migrations)
        var choice = outlook.choice
        if let connected {
            choice = try await Gate(database: connected, schema: common.service.state.schema, console: quiet)
                .situation().choice
        }
        var database = common.database
        // It was waited for already.
        if connected == nil { database.wait = nil }
        let stores = store.stores(on: quiet)
        let checkup = Checkup(
            backups: backups,
            stores: stores,
            seeds: seeds,
            service: common.service,
            database: database,
            console: quiet
        )
        let name = connected?.name ?? outlook.server?.database
        let status = Status(
            database: name,
            host: connected?.host ?? outlook.server?.host,
            isReached: connected != nil,
            choice: choice,
            services: connected == nil ? [] : try await services(on: quiet),
            files: connected == nil ? try files(on: quiet) : 0,
            backup: try await BackupCatalogue.read(
                folder: backups,
                keyring: try keys.keyring(on: quiet, asks: false),
                stores: stores,
                sealKeys: try Installation(quiet).knownKeys()
            ).newest(of: name),
            checks: try await checkup.run()
        )
        try console.result(Status.result.document(status), else: status.lines(columns: StandardOutput.columns))
        if connected == nil { throw ExitCode(ExitStatus.noConnection.rawValue) }
    }

    /// - Returns: nil if no database is given, or it cannot be reached.
    private func connect(on console: Console) async throws -> ConnectedDatabase? {
        do {
            return try await common.database.connect(on: console, migrations: common.service.migrations)
        } catch let error as any GranaryError where error.exitStatus == .noConnection {
            return nil
        }
    }

    private func files(on console: Console) throws -> Int {
        try common.service.services(variables: console.environment).reduce(0) { count, service in
            guard Files.isFolder(service.service.folder) else { return count }
            return count + (try Migration.all(in: service.service.folder, service.file).count)
        }
    }

    /// None if there is no folder of migrations, as in an application that uses granary for its backups alone.
    private func services(on console: Console) async throws -> [ServiceState] {
        let services = try common.service.services(variables: console.environment)
        guard services.contains(where: { Files.isFolder($0.service.folder) }) else { return [] }
        let session = try await MigrationSession.open(common, writes: false, on: console)
        return try await session.migrator().status()
    }
}

extension BackupCatalogue {
    /// The newest backup of this database, or of any, that the backup itself or a sidecar of this installation proves.
    fileprivate func newest(of database: String?) -> Entry? {
        Self.newest(of: entries.filter { $0.isCertain && (database == nil || $0.summary?.database == database) })
    }
}
