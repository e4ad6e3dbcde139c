package import PostgresClient
package import Project

/// What a run of seeding is to do.
package struct SeedOptions: Sendable {
    package var service: String
    package var schemas: [String]
    package var environment: String
    /// Only reference tables are taken, nothing is generated or deleted, and no script runs.
    package var isProduction: Bool
    package var folder = "seeds"
    package var seedFiles: [String] = []
    package var commonOnly = false
    /// Everything is done and rolled back.
    package var planOnly = false
    /// Tables and files that are meant, by name or pattern; empty for all.
    package var only: [String] = []
    package var scale = 1.0
    /// A scale was given, and that of `seeds.yaml` does not count.
    package var hasScale = false
    package var jobs = 1
    package var stateSchema = "granary"
    /// `--generate`: tables by pattern, filled with so many rows, instead of the files.
    package var generate: (patterns: [String], rows: Int)?
    /// A table that `generate` cannot fill leaves all others empty too.
    package var isStrict = false
    /// How many candidates are drawn for a constraint before it is given up: enough for what one in 10,000 satisfies.
    package var candidates = 300_000
    /// The generators of the tables that `generate` fills are written into files of this folder.
    package var declarationFolder: String?
    /// Generated rows are written into this file as COPY text, and nothing is changed.
    package var output: String?
    /// Seconds since 1970: the time of the run if no `as_of` is given.
    package var now: Int

    /// - Parameter rules: Of the environment that is seeded.
    package init(service: String, schemas: [String], rules: EnvironmentPolicy, now: Int) {
        self.service = service
        self.schemas = schemas
        self.now = now
        environment = rules.name
        isProduction = rules.isProduction
        seedFiles = rules.seedFiles
    }

    /// Whether a table is meant by `--only`.
    package func isMeant(_ table: TableName) -> Bool {
        only.isEmpty || only.contains { TablePattern($0).fits(table) }
    }
}

extension SeedSet {
    /// No files: for rows that are generated without any.
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
