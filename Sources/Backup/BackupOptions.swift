package import Archive

/// What to back up, and how.
package struct BackupOptions: Sendable {
    package enum Output: Sendable, Equatable {
        /// A file that gets its name only when it is whole; an existing one is refused unless `overwrite`.
        case file(path: String, overwrite: Bool)
        /// A new file, whose name is that of no other: the first free of `stem.zip`, `stem-2.zip` and so on.
        case firstFree(stem: String)
        /// A descriptor that takes the archive as it grows, such as 1 for standard output.
        case pipe(descriptor: CInt)
    }

    package enum Format: Sendable, Equatable {
        /// The archive.
        case zip
        /// A plain dump that psql reads.
        case sql
        /// The same, packed by gzip.
        case sqlGzip

        /// Of the file's name.
        package var ending: String {
            switch self {
            case .zip: ".zip"
            case .sql: ".sql"
            case .sqlGzip: ".sql.gz"
            }
        }
    }

    package var output: Output
    package var format = Format.zip
    /// Schemas to back up; with no schemas and no tables, the whole database.
    package var schemas: [String] = []
    /// Tables to back up, as `schema.table` or `table`.
    package var tables: [String] = []
    /// Takes the tables that inherit from those of a part with it; partitions always come.
    package var withInheritors = true
    /// Tables whose rows are left out, as `schema.table` or `table`.
    package var tablesWithoutData: [String] = []
    package var jobs = 2
    /// 0 stores; the engine knows which there are.
    package var level = 1
    /// nil takes the usual one for the level.
    package var engine: Compression.Engine?
    /// Keeps passwords of user mappings and connection strings of subscriptions in the archive.
    package var withSecrets = false
    /// Recorded in the manifest where the database has no marker, which knows better.
    package var environment: String?
    /// The schema of granary's own tables, where the marker is.
    package var stateSchema = "granary"
    /// The schemas of services, where files say more of them than their names do.
    package var services: [String: [String]] = [:]
    /// A folder of migrations that goes into the archive, if it exists.
    package var migrationsFolder: String?
    /// The name of the database that the archive gives; nil for its own.
    package var databaseName: String?
    /// Where to look for pg_dump first.
    package var postgresBin: String?
    /// Seals the archive, so that those who have the key know it again.
    package var sealKey: SealKey?
    /// How long to wait for a table that someone else has locked.
    package var lockTimeout = Duration.seconds(60)
    /// A heap table larger than this, in bytes on disk, is read in parts by several workers.
    package var splitBytes = 64 << 20
    /// A chunk is closed with the row that makes it this long, in bytes of COPY text.
    package var chunkBytes = 8 << 20

    package init(output: Output) { self.output = output }
}

/// What a backup came to.
package struct BackupReport: Sendable, Equatable {
    /// nil when it went to a pipe.
    package var file: String?
    package var database: String
    /// Size of the archive.
    package var bytes: Int
    /// Size of the COPY text in it.
    package var rawBytes: Int
    package var rows: Int
    package var tables: Int
    package var chunks: Int
    package var seconds: Double
    package var snapshot: String
    package var serverVersion: String
    package var environment: String?
    /// What a person should know: secrets left out, unlogged tables skipped on a standby.
    package var notes: [String]
}

/// What a backup says while it runs.
package enum BackupProgress: Sendable {
    /// A phase begins, such as "taking the snapshot".
    case phase(String)
    /// What is about to be read. `bytes` is the size on disk, only an estimate of the COPY text.
    case planned(tables: Int, bytes: Int)
    /// A worker begins with a table, or with a part of one.
    case started(table: String)
    /// Rows and bytes of COPY text that were written since the last such event; `share` is the same in bytes of the plan.
    case advanced(table: String, rows: Int, bytes: Int, share: Int)
    case finished(table: String, rows: Int, bytes: Int)
    /// The work begins anew with a new snapshot, and why.
    case restarted(String)
}
