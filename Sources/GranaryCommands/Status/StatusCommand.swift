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
            Changes nothing. `granary migrate status` lists every migration, and `granary doctor` every check.

            Example:
              granary status
              granary status --json

            \(variablesHelp)
            """
    )

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
        let connected = try await common.database.connect(on: console, migrations: common.service.migrations)
        // The others would say again which database was chosen.
        let quiet = console.quiet
        let gate = Gate(database: connected, schema: common.service.state.schema, console: quiet)
        let checkup = Checkup(
            backups: backups,
            seeds: seeds,
            service: common.service,
            database: common.database,
            console: quiet
        )
        let status = Status(
            database: connected,
            choice: try await gate.situation().choice,
            services: try await services(on: quiet),
            backup: try BackupCatalogue.read(
                folder: backups,
                keyring: try keys.keyring(on: quiet, asks: false),
                stores: store.stores(on: quiet),
                sealKeys: try Installation(quiet).knownKeys()
            ).newest(of: connected.name),
            checks: await checkup.run()
        )
        try console.result(Status.result.document(status), else: status.lines(columns: StandardOutput.columns))
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
    /// The newest backup of this database that can be read.
    fileprivate func newest(of database: String) -> Entry? {
        entries.first { $0.summary?.database == database }
    }
}
