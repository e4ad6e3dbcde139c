internal import ArgumentParser
internal import Environments
internal import Migrations
internal import PostgresClient
internal import SQLText

extension ValidateCommand {
    package func run(on console: Console) async throws {
        let folders = try folders(console)
        var validator = Validator(folders: folders)
        validator.stateSchema = service.state.stateSchema
        validator.base = base
        validator.since = since.flatMap { Migration.version(spelled: $0) }
        let connected = try await connect(folders, console)
        if let connected { validator.tableSizes = try await TableSizes.read(connected.address, console) }

        var validation = try await validator.check()
        for folder in folders { validation.add(seedChecks(folder, validation).findings()) }
        if let connected { validation.add(try await seedFindings(folders, connected, console)) }
        if !offline { validation.add(try await replayFindings(folders, console)) }

        let report = FindingReport(validation.findings(), fileCount: validation.fileCount)
        try report.tell(as: format ?? (console.settings.isJSON ? .json : .text), on: console)
        if report.fails { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    /// What a replay of all migrations in a scratch database finds.
    private func replayFindings(_ folders: [Validator.Folder], _ console: Console) async throws -> [Finding] { [] }

    /// The services that are meant. What is wrong with their files is a finding, and stops nothing.
    private func folders(_ console: Console) throws -> [Validator.Folder] {
        let paths = try service.root.map { try Service.folders(in: $0) } ?? [service.migrations]
        return try paths.map { path in
            guard Folders.exists(path) else {
                throw CommandError(
                    .file,
                    "there is no folder \(path)",
                    hint: "--migrations names the folder of migrations; `granary init` makes one"
                )
            }
            let declared = DeclaredFiles(migrations: path)
            let resolved = try Service.resolve(
                option: service.root == nil ? service.service : nil,
                variables: service.root == nil ? console.environment : [:],
                file: declared.environments,
                folder: path
            )
            return Validator.Folder(service: resolved, declared: declared)
        }
    }

    /// The database that was named for this; a variable that other commands use is no wish to have it asked.
    private func connect(_ folders: [Validator.Folder], _ console: Console) async throws -> ConnectedDatabase? {
        guard !offline, database.databaseURL != nil else { return nil }
        let isReadable = !folders[0].declared.findings.contains { $0.severity == .error }
        guard isReadable else {
            console.note("the database is not asked as long as the JSON files are not as they should be")
            return nil
        }
        return try await database.connect(on: console, migrations: folders[0].service.folder)
    }

    private func seedChecks(_ folder: Validator.Folder, _ validation: Validation) -> SeedChecks {
        SeedChecks(
            service: folder.service,
            environments: folder.declared.environments,
            folder: service.seeds(of: folder.service, folder: seeds),
            validation: validation
        )
    }
}
