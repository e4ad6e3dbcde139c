internal import Bookkeeping
package import Logging
package import PostgresClient
internal import Project
internal import Storage

/// Seeds a database for an environment: all rows are written, or none.
///
///     read the files → compare them with the catalog → order the tables
///     in one transaction: scripts with low numbers · each table: merge listed rows, generate rows · other scripts
///         · columns that close cycles · delete rows that are no longer listed · sequences · the record
package struct Seeder: Sendable {
    private let options: SeedOptions
    private let server: ServerAddress
    private let logger: Logger
    private let progress: @Sendable (SeedProgress) -> Void

    package init(
        _ options: SeedOptions,
        server: ServerAddress,
        logger: Logger,
        progress: @escaping @Sendable (SeedProgress) -> Void = { _ in }
    ) {
        self.options = options
        self.server = server
        self.logger = logger
        self.progress = progress
    }

    /// - Throws: `SeedingError`, `PostgresError`, `EnvironmentsError`, `CancellationError`. In that case nothing has
    ///   changed.
    package func run() async throws -> SeedReport {
        let began = ContinuousClock.now
        let set = try readFiles()
        try ProductionRules.check(set, options)
        if let folder = options.declarationFolder { try GeneratorFile.prepare(folder) }
        var output: RowFile?
        if let path = options.output { output = try RowFile(path) }
        let (options, progress) = (options, progress)
        var report = try await withSession(server, logger: logger) { session in
            try Self.prepare(&session, options)
            if !options.planOnly { try StateSchema(options.stateSchema).ensure(&session) }
            var run = SeedRun(options, set, progress)
            return try run.run(&session)
        }
        try output?.append(report.generatedRows, jobs: options.jobs)
        writeDeclarations(&report)
        report.seconds = (ContinuousClock.now - began) / .seconds(1)
        return report
    }

    /// Writes the files of `--write`, but never overwrites one. The rows are already committed, so the report is complete
    /// even if a file cannot be written.
    private func writeDeclarations(_ report: inout SeedReport) {
        guard let folder = options.declarationFolder else { return }
        for (table, rows) in report.generators.sorted(by: { $0.key < $1.key }) {
            do {
                let path = try GeneratorFile.path(of: table, in: folder)
                if Files.exists(path) {
                    report.notes.append("\(path) exists already and was not changed")
                } else {
                    try GeneratorFile.write(rows, of: table, to: path)
                    report.written.append(path)
                }
            } catch {
                report.notes.append(error.message)
                report.isFileMissing = true
            }
        }
    }

    private func readFiles() throws(SeedingError) -> SeedSet {
        if options.generate != nil, !SeedFolder(options.folder).exists { return .nothing(options) }
        var set = try SeedSet.read(
            SeedSet.Request(
                folder: options.folder,
                environment: options.environment,
                schemas: options.schemas,
                seedFiles: options.seedFiles,
                commonOnly: options.commonOnly
            )
        )
        // Files count only for their declarations. Another random seed keeps unique values distinct from those of rows
        // that were generated from files.
        if options.generate != nil {
            set.scripts = []
            set.options.seed &+= 1_000_003
        }
        return set
    }

    /// The generator of each column of a table, and the rule that chose it, for `--explain`.
    ///
    /// - Throws: `SeedingError`, `PostgresError`, `CancellationError`.
    package func explain(_ name: String) async throws -> [GeneratorExplanation] {
        let set = SeedFolder(options.folder).exists ? try readFiles() : .nothing(options)
        let options = options
        return try await withSession(server, logger: logger) { session in
            try Self.prepare(&session, options)
            return try session.transaction("BEGIN READ ONLY") { session in
                try GeneratorExplanation.of(name, set, options, session)
            }
        }
    }

    /// Differences between the files and the tables of a database, with file and line. For `validate`.
    ///
    /// If there are none, also tries the values on the server, in a transaction that is rolled back.
    ///
    /// - Throws: `PostgresError`, `CancellationError`. An error in the files is a finding.
    package func findings() async throws -> [Finding] {
        let set: SeedSet
        do {
            set = try readFiles()
            try ProductionRules.check(set, options)
        } catch {
            return [Finding(error, seedRule: error.code == .refused ? "policy" : "file")]
        }
        let options = options
        let found = try await withSession(server, logger: logger) { session in
            try Self.prepare(&session, options)
            return try session.transaction("BEGIN READ ONLY") { session in
                let catalog = try SeedCatalog.read(session, stateSchema: options.stateSchema)
                return BoundSeeds(set, catalog, schemas: options.schemas).findings
            }
        }
        guard found.isEmpty else { return found }
        var trial = options
        trial.planOnly = true
        do {
            _ = try await Seeder(trial, server: server, logger: logger).run()
            return []
        } catch let error as SeedingError {
            return [Finding(error, seedRule: error.sqlState?.hasPrefix("22") == true ? "wrong-type" : "row")]
        }
    }

    private static func prepare(_ session: inout Session, _ options: SeedOptions) throws {
        // With row security on, hidden rows would be inserted again. Off, the server reports an error instead.
        try session.pin([("lock_timeout", "30s"), ("row_security", "off")])
    }
}
