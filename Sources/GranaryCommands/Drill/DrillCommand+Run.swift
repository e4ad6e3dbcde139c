internal import AgeEncryption
internal import Archive
internal import ArgumentParser
internal import Drills
internal import Glibc
internal import Inspection
internal import LocalServer
internal import Migrations
internal import PostgresClient
internal import Project
internal import Storage

extension DrillCommand {
    package func run(on console: Console) async throws {
        let keyring = try subject.keys.keyring(on: console)
        let stores = subject.store.stores(on: console)
        let choice = try await choice(keyring, stores, on: console)
        if let report = checks.report, Files.isFolder(report) {
            throw CommandError(.file, "\(report) is a folder", hint: "give --report the name of a file")
        }
        var options = DrillOptions(file: choice.path, place: try await place(on: console), now: time(nil))
        options.isLocalServer = place.local
        options.keyring = keyring
        options.stores = stores
        options.unreadable = choice.unreadable
        options.ageMax = subject.maxAge?.duration
        options.trusts = subject.trust
        options.keys = try Installation(console).knownKeys()
        options.jobs = place.workers.count
        options.isQuick = checks.quick
        options.allowsSameServer = place.sameServer
        options.keepsOnFailure = place.keepOnFailure
        options.smokeFiles = try smokeFiles()
        options.migrates = checks.migrate
        options.environments = try EnvironmentsFile.read(migrations: service.migrations)
        options.migrations = try migrations(on: console)
        options.stateSchema = service.state.stateSchema
        options.remarks = choice.remarks
        tellBefore(choice, on: console)
        let settled = options
        let report = try await ProgressRenderer.drawing(on: console) { renderer in
            try await DrillRun(settled, logger: console.logger) { event in
                for event in ProgressEvent.events(event) { renderer.receive(event) }
                if case .migrate(.finished(let name, _, let milliseconds)) = event {
                    console.note("applied \(name)  \(Formatting.duration(seconds: Double(milliseconds) / 1000))")
                }
            }.run()
        }
        let key = try Installation(console).sealingKey(lack: "the report gets no seal")
        try tell(DrillEvidence(report, key: key, console), stores, on: console)
    }

    // MARK: Which backup

    private struct Choice {
        var path: String
        /// nil for a dump.
        var manifest: Manifest?
        /// Sentences about the choice.
        var remarks: [String] = []
        var unreadable: [String] = []
    }

    private func choice(_ keyring: AgeKeyring, _ stores: ObjectStores, on console: Console) async throws -> Choice {
        guard let file = subject.file else { return try await newest(keyring, stores, on: console) }
        let path = try BackupFile.found(file, backups: subject.backups, in: stores, takesAll: true)
        guard try stores.hasFile(path) else { return Choice(path: path) }
        return Choice(
            path: path,
            manifest: try BackupCatalogue.read(path: path, keyring: keyring, stores: stores).manifest
        )
    }

    /// The newest complete backup, else the newest of a whole database, else the newest at all.
    private func newest(_ keyring: AgeKeyring, _ stores: ObjectStores, on console: Console) async throws -> Choice {
        let catalogue = try await BackupCatalogue.read(
            folder: subject.backups,
            keyring: keyring,
            stores: stores,
            sealKeys: try Installation(console).knownKeys()
        )
        let described = catalogue.entries.filter(\.isCertain)
        // A backup that was made while a clock was wrong would be the newest for ever.
        let ofFuture = described.filter { Self.isOfFuture($0) }
        let readable = described.count == ofFuture.count ? described : described.filter { !Self.isOfFuture($0) }
        guard let newest = BackupCatalogue.newest(of: readable) else {
            let first = catalogue.entries.first
            throw CommandError(
                .file,
                first.map { "no backup in \(subject.backups) can be read: \($0.file): \($0.problem ?? "")" }
                    ?? "there are no backups in \(subject.backups)",
                hint: "--backups names the folder of backups"
            )
        }
        return Choice(
            path: newest.path,
            manifest: newest.manifest,
            remarks: Self.remarks(on: newest, among: readable, in: subject.backups),
            unreadable: Self.passedOver(catalogue, since: newest)
                + ofFuture.filter { $0.path != newest.path }.map { "\($0.file) is dated in the future" }
        )
    }

    /// What is newer than the chosen backup, and cannot be read. A file that is cut off has no time of its own.
    private static func passedOver(_ catalogue: BackupCatalogue, since newest: BackupCatalogue.Entry) -> [String] {
        catalogue.entries.filter { !$0.isCertain && $0.modified ?? .max > newest.modified ?? 0 }.map { entry in
            let reason = entry.problem ?? "only its description of another installation tells about it"
            return "\(entry.file) is newer than \(newest.file), and cannot be read: \(reason)"
        }
    }

    /// What a person who did not name the backup might take it for.
    private static func remarks(
        on newest: BackupCatalogue.Entry,
        among entries: [BackupCatalogue.Entry],
        in folder: String
    ) -> [String] {
        if let limits = newest.summary?.limits {
            return ["\(newest.file) is not complete (\(limits)), and \(folder) has no complete backup"]
        }
        // Parts are made for other purposes, such as to undo a command.
        let newer = entries.prefix { $0.path != newest.path }.first { $0.summary?.isWholeDatabase == true }
        guard let newer, let limits = newer.summary?.limits else { return [] }
        return ["\(newer.file) is newer than \(newest.file), but not complete: \(limits)"]
    }

    private static func isOfFuture(_ entry: BackupCatalogue.Entry) -> Bool {
        (entry.summary.flatMap { UTCTime.parse(extended: $0.createdAt) } ?? 0) > UTCTime.now + 60
    }

    private func tellBefore(_ choice: Choice, on console: Console) {
        guard let manifest = choice.manifest else { return console.note("drilling \(choice.path)") }
        let size = "\(counted(manifest.countedRows, "row")), \(Formatting.bytes(manifest.rawBytes))"
        console.note("drilling \(choice.path) of \(manifest.createdAt): \(size)")
    }

    // MARK: Where

    private func place(on console: Console) async throws -> DrillOptions.Place {
        if let server = place.server {
            let parameters = try ForeignParameters(server, origin: "--server")
            for note in parameters.notes { console.note("note: \(note)") }
            return .server(parameters.address)
        }
        guard place.local else {
            return .temporary(
                folder: try Folders.cache("drills", console.environment),
                postgresBin: place.programs.postgresBin
            )
        }
        let cluster = try LocalCluster.open(
            project: ".",
            postgresBin: place.programs.postgresBin,
            logger: console.logger
        )
        return .server(ServerAddress(try await cluster.start().url))
    }

    // MARK: What else to check

    private func smokeFiles() throws -> [String] {
        guard let folder = checks.smoke else { return [] }
        let files = Files.visibleNames(in: folder).filter { $0.hasSuffix(".sql") }.map { Files.joined(folder, $0) }
        guard !files.isEmpty else {
            throw CommandError(
                .file,
                "there is no .sql file in \(folder)",
                hint: "--smoke names a folder of queries that must return no row"
            )
        }
        return files
    }

    /// nil without a folder of migrations.
    private func migrations(on console: Console) throws -> MigratorOptions? {
        guard service.root != nil || Files.isFolder(service.migrations) else {
            guard checks.migrate else { return nil }
            throw CommandError(
                .file,
                "there is no folder \(service.migrations)",
                hint: "--migrations names the folder of migrations for --migrate"
            )
        }
        var options = MigratorOptions(
            services: try service.services(variables: console.environment).map {
                MigratorOptions.Folder(service: $0.service, file: $0.file)
            },
            environment: "development",
            now: time(nil),
            actor: Operator.account(console.environment),
            host: Operator.host,
            toolVersion: granaryVersion
        )
        options.stateSchema = service.state.schema
        return options
    }
}

// The outcome.
extension DrillCommand {
    /// - Throws: `ExitCode` of a finding, or of a failure after it was reported; `OutputError`.
    private func tell(_ evidence: DrillEvidence, _ stores: ObjectStores, on console: Console) throws {
        var evidence = evidence
        let report = evidence.report
        if let path = checks.report {
            do {
                try WrittenFiles.write(evidence.sealed(as: .init(file: path)) + "\n", to: path)
            } catch {
                // A full disk hides nothing of the report.
                evidence.failure = FailureReport(error)
            }
        }
        evidence.record()
        evidence.note(in: stores, sealKeys: try Installation(console).knownKeys(), on: console)
        if console.settings.isJSON {
            try console.result(exactly: evidence.sealed(as: .json))
        } else {
            for line in DrillListing(evidence).lines { try console.result(line: line) }
        }
        for note in report.notes { console.note("note: \(note)") }
        if let kept = report.kept {
            for line in DrillListing.lines(kept, server: place.server) { console.insist(line) }
        }
        // The document has it already.
        if let failure = evidence.failure {
            console.withoutDocument.report(failure)
            throw ExitCode(failure.status.rawValue)
        }
        if !report.findings.isEmpty { throw ExitCode(ExitStatus.findings.rawValue) }
    }
}

extension ProgressEvent {
    static func events(_ event: DrillProgress) -> [ProgressEvent] {
        switch event {
        case .phase(let name): [.phase(name)]
        case .verify(let event): events(event)
        case .restore(let event): [ProgressEvent(event)]
        case .read(let event): [ProgressEvent(event)]
        case .count(let event): events(event)
        case .migrate: []
        }
    }
}
