package import ArgumentParser
internal import Backup
internal import Databases
internal import PostgresClient
internal import Restore
internal import Storage

/// `granary convert`.
package struct ConvertCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert a dump of pg_dump into a backup of granary.",
        discussion: """
            The dump is restored into a database that is made for it on the server and dropped afterwards, and that \
            database is backed up. From then on there are checksums and digests. The database that is connected to is \
            not touched; the rules of its environment about encryption hold for the backup.

            Example:
              granary convert old.dump --output backups/old.zip

            \(variablesHelp)
            """
    )

    @Argument(
        help: ArgumentHelp("An archive of pg_dump or a plain dump; sought in --backups too.", valueName: "file"),
        completion: .backup(".dump", ".tar", ".sql", ".sql.gz", ".age")
    )
    package var file: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The backup to write, .zip, or .zip.age if encrypted, or s3://… (default: a new file in --backups).",
            valueName: "file"
        ),
        completion: .file(extensions: ["zip", "age"])
    )
    package var output: String?

    @Flag(name: .long, help: "Replace the file if it exists.")
    package var force = false

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Who can read it") package var encryption: EncryptionOptions
    @OptionGroup(title: "Into a bucket") package var upload: UploadOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup package var workers: JobsOption

    @Flag(name: .long, help: "Everything belongs to the role that converts.")
    package var noOwner = false

    @Option(
        name: .long,
        help: ArgumentHelp("A role of the dump, and the one to use; repeatable.", valueName: "old=new")
    )
    package var roleMap: [RoleArgument] = []

    @OptionGroup(title: "Which server") package var database: DatabaseOptions
    @OptionGroup package var state: StateOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { true }
    package init() {}

    package mutating func validate() throws {
        if let output, ![".zip", ".zip.age"].contains(where: { output.hasSuffix($0) }),
            (try? ObjectAddress(output))?.isFolder != true
        {
            throw ValidationError("--output must be a name in .zip, or in .zip.age for an encrypted backup")
        }
        let archived = roleMap.map(\.archived)
        if Set(archived).count < archived.count { throw ValidationError("--role-map names a role twice") }
    }

    package func run(on console: Console) async throws {
        let stores = store.stores(on: console)
        let path = try BackupFile.found(file, backups: backups, in: stores, takesAll: true)
        let target = try BackupTarget(output: output, kind: .zip, folder: backups)
        if let output {
            try stores.requireFree(output, overwrite: force)
            var options = BackupOptions(output: .file(path: output, overwrite: force))
            options.stores = stores
            try options.requireUnlocked()
        }
        try target.removeLeftovers(stores, upload.settings, on: console)
        let dump = try RestoreFile(path, keyring: try keys.keyring(on: console), stores: stores)
        let connected = try await database.connect(on: console, mayBeMissing: true)
        let audience = try await encryption.audience(of: connected, state.schema, on: console)
        try target.requireName(isEncrypted: audience != nil)
        let name = dump.databaseName ?? Self.stem(of: path)
        let jobs = try connected.workers(workers, on: console)
        var backup = try backupOptions(target, name, jobs: jobs, console)
        (backup.stores, backup.upload, backup.audience) = (stores, upload.settings, audience)
        let settled = backup
        let restore = restoreOptions(path, jobs: jobs)
        let server = connected.address.database(connected.through ?? connected.name)
        let report = try await ProgressRenderer.drawing(on: console) { renderer in
            try await ScratchDatabase.withName(server, logger: console.logger) { scratch in
                var restore = restore
                restore.into = scratch
                _ = try await RestoreRun(restore, file: dump, server: server, logger: console.logger) {
                    renderer.receive(ProgressEvent($0))
                }.run()
                return try await BackupRun(settled, server: server.database(scratch), logger: console.logger) {
                    renderer.receive(ProgressEvent($0))
                }.run()
            }
        }
        try BackupCommand.tell(report, on: console)
    }

    private func restoreOptions(_ path: String, jobs: Int) -> RestoreOptions {
        var options = RestoreOptions(file: path)
        options.jobs = jobs
        options.noOwner = noOwner
        options.roleMap = Dictionary(uniqueKeysWithValues: roleMap.map { ($0.archived, $0.here) })
        options.withSubscriptions = true
        options.withoutAnalyze = true
        options.stateSchema = state.stateSchema
        return options
    }

    private func backupOptions(
        _ target: BackupTarget,
        _ name: String,
        jobs: Int,
        _ console: Console
    ) throws -> BackupOptions {
        var options = BackupOptions(output: try target.output(ofDatabase: name, overwrite: force))
        (options.databaseName, options.isConverted) = (name, true)
        options.withSecrets = true
        options.jobs = jobs
        options.stateSchema = state.stateSchema
        options.postgresBin = database.programs.postgresBin
        options.sealKey = try Installation(console).sealingKey()
        return options
    }

    /// `old` for `dumps/old.sql.gz`
    private static func stem(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.split(separator: ".").first.map(String.init) ?? name
    }
}
