package import PostgresClient
package import Project

/// The options of a seeding run.
package struct SeedOptions: Sendable {
    package var service: String
    package var schemas: [String]
    package var environment: String
    /// Allows reference tables only. Nothing is generated or deleted, and no script runs.
    package var isProduction: Bool
    package var folder = "seeds"
    package var seedFiles: [String] = []
    package var commonOnly = false
    /// The whole run is rolled back.
    package var planOnly = false
    /// The tables and scripts to seed, by name or pattern; empty for all.
    package var only: [String] = []
    package var scale = 1.0
    /// Whether a scale was given, which replaces that of `seeds.yaml`.
    package var hasScale = false
    package var jobs = 1
    package var stateSchema = "granary"
    /// `--generate`: fills the tables that match the patterns with this number of rows, and reads no rows from files.
    package var generate: (patterns: [String], rows: Int)?
    /// Whether a table that `generate` cannot fill makes the whole run fail.
    package var isStrict = false
    /// The number of candidates to draw for a constraint before giving up. It is enough for a constraint that one in
    /// 10,000 candidates satisfies.
    package var candidates = 300_000
    /// The folder for files with the generators of the tables that `generate` fills.
    package var declarationFolder: String?
    /// The file to which generated rows are appended as COPY text. The database is then not changed.
    package var output: String?
    /// Seconds since 1970: the time of the run if no `as_of` is given.
    package var now: Int

    /// - Parameter rules: The rules of the environment to seed.
    package init(service: String, schemas: [String], rules: EnvironmentPolicy, now: Int) {
        self.service = service
        self.schemas = schemas
        self.now = now
        environment = rules.name
        isProduction = rules.isProduction
        seedFiles = rules.seedFiles
    }

    /// Whether `--only` includes a table.
    package func isMeant(_ table: TableName) -> Bool {
        only.isEmpty || only.contains { TablePattern($0).fits(table) }
    }
}

extension SeedSet {
    /// A set without files, for generated rows only.
    static func nothing(_ options: SeedOptions) -> SeedSet {
        SeedSet(
            options: SeedsFile(),
            environment: options.environment,
            layers: [],
            tables: [],
            scripts: [],
            schema: options.schemas.first ?? "public"
        )
    }
}
