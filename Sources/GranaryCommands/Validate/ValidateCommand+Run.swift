internal import ArgumentParser
internal import Bookkeeping
internal import MigrationChecks
internal import Migrations
internal import PostgresClient
internal import Project
internal import SQLText
internal import Storage

extension ValidateCommand {
    package func run(on console: Console) async throws {
        ParseMemory.growInLargeSteps()
        let folders = try folders(console)
        var validator = Validator(folders: folders)
        validator.stateSchema = service.state.stateSchema
        validator.base = base
        validator.since = since.flatMap { Migration.version(spelled: $0) }
        let connected = try await connect(folders, console)
        if let connected {
            validator.tableSizes = try await TableSizes.read(connected.address, console)
            let state = StateSchema(service.state.stateSchema)
            let found = try await DistributedTables.read(connected.address, state, console)
            (validator.distributed, validator.colocated) = (found.tables, found.groups)
            for index in folders.indices {
                validator.folders[index].applied = found.applied[folders[index].service.name] ?? []
            }
        }

        var validation = try await validator.check()
        for folder in folders { validation.add(seedChecks(folder, validation).findings()) }
        if let connected { validation.add(try await seedFindings(folders, connected, console)) }
        var steps: [ReplayReport.Step] = []
        if !offline, let replayed = try await replay(folders, validation, connected, console) {
            validation.add(replayed.findings)
            steps = replayed.steps
        }

        let report = FindingReport(
            findings: validation.findings().gathered,
            fileCount: validation.fileCount,
            replayed: steps
        )
        try report.tell(as: format ?? (console.settings.isJSON ? .json : .text), on: console)
        // The process ends here. Freeing thousands of trees would take time without need.
        _ = Unmanaged.passRetained(Kept(validation: validation))
        if report.fails { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    /// Runs all migrations of each environment in a scratch database; nil if there is nothing to run.
    private func replay(
        _ folders: [Validator.Folder],
        _ validation: Validation,
        _ connected: ConnectedDatabase?,
        _ console: Console
    ) async throws -> ReplayReport? {
        guard validation.fileCount > 0 else { return nil }
        guard !folders.contains(where: { $0.declared.findings.contains { $0.severity == .error } }) else {
            console.note("nothing is replayed until the errors in the JSON files are fixed")
            return nil
        }
        let names = database.env.map { [$0] } ?? folders[0].declared.environments.names
        let environments = names.filter { name in
            folders.allSatisfy { folder in
                let tree = try? MigrationTree.read(
                    folder: folder.service.folder,
                    environment: name,
                    folders: folder.declared.environments.folders
                )
                return tree != nil
            }
        }
        let (service, seeds) = (service, seeds)
        return try await ReplayRun(
            services: folders.map { ($0.service, $0.declared.environments) },
            environments: environments.isEmpty ? names : environments,
            seeds: { service.seeds(of: $0, folder: seeds) },
            since: since.flatMap { Migration.version(spelled: $0) },
            scratchURL: scratchURL,
            postgresBin: database.programs.postgresBin,
            target: connected,
            console: console
        ).run()
    }

    /// The chosen services. Errors in their files are findings and do not stop it.
    private func folders(_ console: Console) throws -> [Validator.Folder] {
        let paths = try service.root.map { try Service.folders(in: $0) } ?? [service.migrations]
        return try paths.map { path in
            guard Files.exists(path) else {
                throw CommandError(
                    .file,
                    "there is no folder \(path)",
                    hint: "--migrations names the folder of migrations; `granary init` creates one"
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

    /// The database that was given for this command. Variables of other commands do not count.
    private func connect(_ folders: [Validator.Folder], _ console: Console) async throws -> ConnectedDatabase? {
        guard !offline, database.databaseURL != nil else { return nil }
        let isReadable = !folders[0].declared.findings.contains { $0.severity == .error }
        guard isReadable else {
            console.note("the database is not used until the errors in the JSON files are fixed")
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

private final class Kept {
    let validation: Validation

    init(validation: Validation) { self.validation = validation }
}
