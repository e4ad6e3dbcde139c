package import AgeEncryption
package import Archive
package import Storage

/// The objects to back up, and the form of the backup.
package struct BackupOptions: Sendable {
    package enum Output: Sendable, Equatable {
        /// A file, or the address of an object, that gets its name when it is complete. An existing one is refused
        /// unless `overwrite` is set.
        case file(path: String, overwrite: Bool)
        /// A new file with an unused name, the first free of `stem.zip`, `stem-2.zip` and so on, or a new object
        /// `stem-NUMBER.zip`.
        case new(stem: String)
        /// A descriptor that receives the archive as it grows, such as 1 for standard output.
        case pipe(descriptor: CInt)
    }

    package enum Format: Sendable, Equatable {
        /// An archive.
        case zip
        /// A plain dump for psql.
        case sql
        /// A plain dump compressed with gzip.
        case sqlGzip

        /// The extension of the file name.
        package var ending: String {
            switch self {
            case .zip: ".zip"
            case .sql: ".sql"
            case .sqlGzip: ".sql.gz"
            }
        }
    }

    /// The endings of a file's name: of the format, and `.age` for an encrypted file.
    package var ending: String { format.ending + (audience == nil ? "" : ".age") }

    package var output: Output
    /// Where objects are written, and how.
    package var stores = ObjectStores.none
    package var upload = UploadSettings()
    /// Who can read the file; nil writes it in clear.
    package var audience: AgeAudience?
    package var format = Format.zip
    /// Schemas to back up, by name or pattern; with no schemas and no tables, the whole database.
    package var schemas: [String] = []
    /// Tables to back up, as `schema.table`, `table` or a pattern.
    package var tables: [String] = []
    /// Schemas to exclude from these or from the whole database. They are neither locked nor read.
    package var excludedSchemas: [String] = []
    package var excludedTables: [String] = []
    /// Whether tables that inherit from a chosen one are included. Partitions always are.
    package var withInheritors = true
    /// Tables whose rows are excluded, as `schema.table`, `table` or a pattern.
    package var tablesWithoutData: [String] = []
    package var jobs = 2
    /// 0 stores; the highest level depends on the engine.
    package var level = 1
    /// nil for the default engine of the level.
    package var engine: Compression.Engine?
    /// Keep passwords of user mappings and connection strings of subscriptions in the archive.
    package var withSecrets = false
    /// Keeps SCRAM verifiers of the roles in the archive.
    package var withRolePasswords = false
    /// Recorded in the manifest if the database has no marker, which takes precedence.
    package var environment: String?
    /// The command whose undo line will name the backup: `clean` or `migrate`.
    package var undoFor: String?
    /// Whether the database was filled from a dump, to make an archive of it.
    package var isConverted = false
    /// The schema of granary's own tables, which contains the marker.
    package var stateSchema = "granary"
    /// The schemas of services, if files declare them.
    package var services: [String: [String]] = [:]
    /// The folder of migrations to store in the archive, if it exists.
    package var migrationsFolder: String?
    /// The database name to record in the archive; nil for the actual one.
    package var databaseName: String?
    /// The folder that is searched for pg_dump first.
    package var postgresBin: String?
    /// Seals the archive, so that installations with the key recognize it.
    package var sealKey: SealKey?
    /// Whether other sessions see that the backup runs, and a second one into the same place is refused meanwhile.
    package var isAnnounced = false
    /// How long to wait for a table that another session has locked.
    package var lockTimeout = Duration.seconds(60)
    /// A heap larger than this, in bytes on disk, is divided between several workers.
    package var splitBytes = 64 << 20
    /// The row that reaches this number of bytes of COPY text completes a chunk.
    package var chunkBytes = 8 << 20

    package init(output: Output) { self.output = output }
}

/// The result of a backup.
package struct BackupReport: Sendable, Equatable {
    /// nil if it was written to a pipe.
    package var file: String?
    /// The key that the file was encrypted with; nil for a file in clear. This process can read the file again with it.
    package var fileKey: AgeFileKey?
    package var database: String
    /// The size of the archive.
    package var bytes: Int
    /// The size of the COPY text in it.
    package var rawBytes: Int
    package var rows: Int
    package var tables: Int
    package var chunks: Int
    package var seconds: Double
    package var snapshot: String
    package var serverVersion: String
    package var environment: String?
    /// The older backups that were deleted after it.
    package var pruned: [String] = []
    /// Sentences for people: secrets left out, unlogged tables skipped on a standby.
    package var notes: [String]
}

/// The progress of a backup.
package enum BackupProgress: Sendable {
    /// A phase begins, such as "taking the snapshot".
    case phase(String)
    /// What will be read. `bytes` is the size on disk, a rough estimate of the COPY text.
    case planned(tables: Int, bytes: Int)
    /// A worker begins with a table, or with a part of one.
    case started(table: String)
    /// Rows and bytes of COPY text written since the last such event; `share` is the corresponding part of the planned
    /// bytes.
    case advanced(table: String, rows: Int, bytes: Int, share: Int)
    case finished(table: String, rows: Int, bytes: Int)
    /// The backup starts again with a new snapshot, for this reason.
    case restarted(String)
}
