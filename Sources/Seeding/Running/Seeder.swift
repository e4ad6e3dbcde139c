internal import Bookkeeping
package import Logging
package import PostgresClient
internal import Project

/// Seeding by environment: files in, rows out, all or nothing.
///
///     read the files → hold them against the catalog → order the tables
///     in one transaction: scripts before · per table: listed rows merged, generated rows · scripts behind
///         · columns that close circles · deletion of rows that are no longer listed · sequences · the record
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

    /// - Throws: `SeedingError`, `PostgresError`, `EnvironmentsError`, `CancellationError`. Then nothing has changed.
    package func run() async throws -> SeedReport {
        let began = ContinuousClock.now
        let set = try readFiles()
        try ProductionRules.check(set, options)
        if let folder = options.declarationFolder { try GeneratorFile.prepare(folder) }
        let (options, progress) = (options, progress)
        var report = try await withSession(server, logger: logger) { session in
            try Self.prepare(&session, options)
            if !options.planOnly { try StateSchema(options.stateSchema).ensure(&session) }
            var run = SeedRun(options, set, progress)
            return try run.run(&session)
        }
        if let output = options.output { try RowFile.append(report.generatedRows, to: output, jobs: options.jobs) }
        writeDeclarations(&report)
        report.seconds = (ContinuousClock.now - began) / .seconds(1)
        return report
    }

    /// Existing files stay as they are. The rows are in the database by now, so a failure is a note.
    private func writeDeclarations(_ report: inout SeedReport) {
        guard let folder = options.declarationFolder else { return }
        for (table, rows) in report.generators.sorted(by: { $0.key < $1.key }) {
            do {
                report.written.append(try GeneratorFile.write(rows, of: table, in: folder))
            } catch {
                report.notes.append(error.message)
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
        // Only the files' declarations of generated rows count. Another seed keeps unique values apart from those of
        // rows that the files themselves have generated.
        if options.generate != nil {
            set.scripts = []
            set.options.seed &+= 1_000_003
        }
        return set
    }

    /// Which rule chose the generator of each column of a table: what `--explain` prints.
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

    /// What does not fit between the files and the tables of a database, with file and line. For `validate`.
    ///
    /// Values are tried on the server too, in a transaction that is rolled back, as long as nothing else is amiss.
    ///
    /// - Throws: `PostgresError`, `CancellationError`; an error in the files is a finding.
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
        // Rows that a policy hides would be made once more: better an error.
        try session.pin([("lock_timeout", "30s"), ("row_security", "off")])
    }
}
