internal import ArgumentParser
internal import Bookkeeping
internal import Glibc
internal import PostgresClient
internal import Project
internal import Seeding

extension SeedCommand {
    /// Seeds one service.
    func run(_ service: Service, _ file: EnvironmentsFile, on console: Console) async throws {
        let connected = try await database.connect(on: console, migrations: service.folder)
        let gate = Gate(database: connected, schema: self.service.state.schema, console: console)
        let isReading = plan || explain != nil || output != nil
        let (environment, policy) = isReading ? try await reading(gate, console) : try await gate.admit()
        let file = file.with(policy, of: environment)
        try file.requireRulesInPlace([.production], of: environment)
        if let assumed = try await AssumedSchemas.missing(self.service, in: connected, on: console) {
            // A pattern with a schema needs no other one.
            guard generate.allSatisfy({ $0.contains(".") }) else { throw assumed.error }
            if generate.isEmpty, assumed.publicHasTables { console.note("\(assumed.sentence); \(assumed.hint)") }
        }
        try noteStrayFolders(service, file, on: console)
        let options = options(service, file, environment: environment)
        if let explain {
            let lines = try await Seeder(options, server: connected.address, logger: console.logger).explain(explain)
            return try SeedExplanation(table: explain, lines: lines).tell(on: console)
        }
        try await confirm(options, connected, console)
        let report = try await ProgressRenderer.drawing(on: console) { renderer in
            try await Seeder(
                options,
                server: connected.address,
                logger: console.logger,
                progress: { renderer.receive(ProgressEvent($0)) }
            ).run()
        }
        try SeedSummary(report: report, isPlan: plan || output != nil).tell(on: console)
        if common, !plan { noteOtherLayers(service, environment, on: console) }
        if report.isFileMissing { throw ExitCode(ExitStatus.failed.rawValue) }
        if !report.skipped.isEmpty { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    private func reading(
        _ gate: Gate,
        _ console: Console
    ) async throws -> (environment: String, policy: MarkerPolicy?) {
        let situation = try await gate.situation()
        // The stored rules are those of the marker.
        if let name = situation.choice?.name {
            return (name, name == situation.marker.name ? situation.policy : nil)
        }
        console.note("no environment was given and the database is not marked: development is assumed")
        return ("development", nil)
    }

    private func options(_ service: Service, _ file: EnvironmentsFile, environment: String) -> SeedOptions {
        var options = SeedOptions(
            service: service.name,
            schemas: service.schemas,
            rules: file.rules(of: environment),
            now: time(nil)
        )
        options.folder = self.service.seeds(of: service, folder: seeds)
        options.commonOnly = common
        options.planOnly = plan || output != nil
        options.output = output
        options.only = only
        options.scale = scale ?? 1
        options.hasScale = scale != nil
        options.jobs = workers.count
        options.isStrict = strict
        options.declarationFolder = write
        options.stateSchema = self.service.state.stateSchema
        if let rows { options.generate = (patterns: generate, rows: rows) }
        return options
    }

    /// Folders that belong to no environment are never read; most are misspelled.
    private func noteStrayFolders(_ service: Service, _ file: EnvironmentsFile, on console: Console) throws {
        let folder = SeedFolder(self.service.seeds(of: service, folder: seeds))
        let lists = try SeedsFile.read(folder: folder.path)
        let known = Set(["common"] + file.names).union(file.names.flatMap { (try? lists.layers(of: $0)) ?? [] })
        let listed = file.names.flatMap { file.rules(of: $0).seedFiles }
        for layer in try folder.layers() where !known.contains(layer) {
            let files = try folder.files(layer: layer)
            let isRead = files.contains { file in listed.contains { SeedSet.selects($0, file, in: folder) } }
            guard !files.isEmpty, !isRead else { continue }
            let meant = Spelling.nearest(to: layer, among: known).map { "; is \($0) meant?" } ?? ""
            console.note("\(folder.path)/\(layer) belongs to no environment, so it is not read\(meant)")
        }
    }

    private func noteOtherLayers(_ service: Service, _ environment: String, on console: Console) {
        let folder = SeedFolder(self.service.seeds(of: service, folder: seeds))
        guard (try? folder.files(layer: environment).isEmpty) == false else { return }
        let command =
            console.environment[MakeWords.variable]?.isEmpty == false
            ? "make db-seed-enhanced ENV=\(environment)" : "granary seed --env \(environment)"
        console.note("only \(folder.path)/common was loaded; `\(command)` loads \(folder.path)/\(environment), too")
    }

    /// `--confirm` is always checked. In production the name is asked for if there is a terminal.
    private func confirm(_ options: SeedOptions, _ connected: ConnectedDatabase, _ console: Console) async throws {
        try await Confirmation(
            database: connected.name,
            host: connected.host,
            given: confirm,
            console: console
        ).settle(isNeeded: options.isProduction && !options.planOnly)
    }
}
