internal import Archive
internal import Databases
internal import LocalServer
package import Logging
internal import Migrations
package import PostgresClient
internal import Project
internal import Restore

/// A drill of one backup.
///
///     the file: age, seal, all of its bytes
///     → a database that is thrown away → restored, timed by phase
///     → rows, sequences, constraints, indexes, ledger, smoke queries, newest rows → pending migrations
///     → dropped, or kept for a look at what was found
package struct DrillRun: Sendable {
    private let options: DrillOptions
    private let logger: Logger
    private let progress: @Sendable (DrillProgress) -> Void
    /// Runs between the restore and the checks.
    private let afterRestore: @Sendable (ServerAddress) async throws -> Void

    /// - Parameter afterRestore: For tests, which damage the restored database here.
    package init(
        _ options: DrillOptions,
        logger: Logger,
        progress: @escaping @Sendable (DrillProgress) -> Void,
        afterRestore: @escaping @Sendable (ServerAddress) async throws -> Void = { _ in }
    ) {
        self.options = options
        self.logger = logger
        self.progress = progress
        self.afterRestore = afterRestore
    }

    /// - Returns: What was checked and found. A backup that is damaged or cannot be restored is a finding. An error after
    ///   the restore, which may have taken hours, is in the report's `interruption`.
    /// - Throws: `DrillError`, `LocalServerError`, `RestoreError`, `PostgresError` if the drill could not be done;
    ///   `AgeError`, `StorageError`, `CancellationError`.
    package func run() async throws -> DrillReport {
        let start = ContinuousClock.now
        let smoke = try options.smokeFiles.map { try SmokeQuery($0, options.smokeTimeout) }
        let subject = try DrillSubject(options)
        let journal = DrillJournal(subject.beginning(options), progress: progress)
        if let file = try await FileCheck(subject, options, journal, progress).run() {
            try requireReadableMigrations(file.manifest)
            try await rehearse(file, smoke, journal)
        }
        journal.update { $0.seconds = (.now - start) / .seconds(1) }
        return journal.now
    }

    /// An error in the files is reported before hours of restoring.
    private func requireReadableMigrations(_ manifest: Manifest?) throws {
        guard let migrations = options.migrations else { return }
        for folder in migrations.services {
            _ = try MigrationTree.read(
                folder: folder.service.folder,
                environment: manifest?.environment ?? migrations.environment,
                folders: folder.file.folders
            )
            _ = try DependenciesFile.read(migrations: folder.service.folder)
        }
    }

    private func rehearse(_ file: RestoreFile, _ smoke: [SmokeQuery], _ journal: DrillJournal) async throws {
        let place = DrillPlace(options, file.manifest, journal, logger)
        do {
            try await place.with { target in
                let restore = RestoreTrial(file, options, journal, logger, progress)
                guard let database = try await restore.run(into: target) else { return }
                try await afterRestore(database)
                try await check(database, file, smoke, journal)
            }
        } catch {
            guard journal.now.rtoSeconds != nil, !Task.isCancelled, !(error is CancellationError) else { throw error }
            journal.interrupt(error)
        }
    }

    private func check(
        _ database: ServerAddress,
        _ file: RestoreFile,
        _ smoke: [SmokeQuery],
        _ journal: DrillJournal
    ) async throws {
        let bench = DrillBench(
            options: options,
            database: database,
            manifest: file.manifest,
            isOurs: file.isOurs,
            journal: journal,
            logger: logger,
            progress: progress
        )
        bench.listWhatIsNotDrilled()
        try await bench.checkRows()
        try await bench.checkSequences()
        try await bench.checkSchema()
        try await bench.checkLedger()
        try await bench.checkNewestRows()
        try await bench.run(smoke)
        try await bench.applyPendingMigrations()
    }
}
