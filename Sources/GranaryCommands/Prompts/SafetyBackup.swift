internal import AgeEncryption
internal import Archive
internal import Backup
internal import Glibc
internal import PostgresClient
internal import Storage

/// A verified backup of rows that a command will destroy.
struct SafetyBackup {
    let server: ServerAddress
    let database: String
    /// nil for `backups`, if that folder outlives the command.
    let folder: String?
    let migrations: String
    let postgresBin: String?
    let environment: String
    let stateSchema: String
    /// The schemas of the services.
    let services: [String: [String]]
    /// Who can read it; nil leaves it in clear.
    let audience: AgeAudience?
    let console: Console
    /// Where objects are, if the folder is in a bucket.
    let stores: ObjectStores
    let upload: UploadOptions
    /// What destroys the rows.
    var occasion = Occasion.migration
    /// Whether to include tables that inherit from those of the backup.
    var withInheritors = true
    /// How long to wait for a table that another session has locked.
    var lockTimeout = Duration.seconds(60)

    enum Occasion {
        case migration, cleaning

        /// The part of the file's name after the database.
        fileprivate var name: String {
            switch self {
            case .migration: "before-migration"
            case .cleaning: "before-clean"
            }
        }

        /// The command whose undo line names the file.
        fileprivate var command: String {
            switch self {
            case .migration: "migrate"
            case .cleaning: "clean"
            }
        }
    }

    /// A backup that was made, and its content, verified.
    struct Taken {
        var file: String
        var source: BackupSource
    }

    /// - Throws: `CommandError` with `.refused` for a folder that is lost with its container; `BackupError`,
    ///   `ArchiveError`.
    func take(tables: [String], schemas: [String]) async throws -> Taken {
        let place = folder ?? "backups"
        if folder == nil, Self.diesWithItsContainer(".") {
            throw CommandError(
                .refused,
                "a backup is required, but the folder \(place) would be lost with this container",
                hint: "give a folder that outlives the container, with --backups"
            )
        }
        try Folders.make(place)
        try BackupFile.removeLeftovers(in: place, stores, abortAfter: upload.settings.abortAfter, on: console)
        let stem = BackupFile.stem(database: "\(database)-\(occasion.name)", secondsSince1970: time(nil))
        var options = BackupOptions(output: .new(stem: Files.joined(place, stem)))
        options.tables = tables
        options.schemas = schemas
        options.withInheritors = withInheritors
        options.undoFor = occasion.command
        (options.stores, options.upload) = (stores, upload.settings)
        options.audience = audience
        options.environment = environment
        options.stateSchema = stateSchema
        options.services = services
        options.lockTimeout = lockTimeout
        options.postgresBin = postgresBin
        options.sealKey = try Installation(console).sealingKey()
        let report = try await BackupRun(options, server: server, logger: console.logger, progress: { _ in }).run()
        guard let path = report.file else { throw CommandError(.file, "the backup has no file") }
        // The key that the file was written with opens it: no identity is needed.
        let source = try BackupSource(path: path, writtenWith: report.fileKey, in: stores)
        let found = try await Verification(source, jobs: 2).run()
        guard found.isWhole else {
            throw CommandError(
                .file,
                "the backup \(path) is not complete",
                hint: "check the disk, then run the command again"
            )
        }
        return Taken(file: path, source: source)
    }

    /// In a container, a folder that is neither mounted nor a volume is on the overlay, which is removed with the
    /// container.
    private static func diesWithItsContainer(_ path: String) -> Bool {
        let signs = ["/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io"]
        guard signs.contains(where: Files.exists), let place = Files.resolved(path),
            let mounts = try? Files.text(of: "/proc/self/mounts")
        else { return false }
        var best = (length: -1, kind: "")
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2 else { continue }
            let point = fields[1] == "/" ? "" : String(fields[1])
            if place == point || place.hasPrefix(point + "/"), point.count >= best.length {
                best = (point.count, String(fields[2]))
            }
        }
        return best.kind == "overlay" || best.kind == "tmpfs"
    }
}
