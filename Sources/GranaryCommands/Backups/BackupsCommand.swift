internal import AgeEncryption
package import ArgumentParser
internal import DumpArchives
internal import Inspection
internal import Storage

/// `granary backups` and its subcommands.
package struct BackupsCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "backups",
        abstract: "List the backups in a folder, describe or lock one, or delete old ones.",
        discussion: """
            Example:
              granary backups
              granary backups show shop-20261123T071500Z.zip
              granary backups prune --keep-daily 7 --keep-weekly 4 --dry-run
            """,
        subcommands: [BackupsList.self, BackupsShow.self, BackupsPrune.self, BackupsLock.self, BackupsUnlock.self],
        defaultSubcommand: BackupsList.self
    )

    package init() {}
}

/// `granary backups`, without a subcommand.
package struct BackupsList: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the backups, the newest first, as their manifests describe them; needs no server.",
        discussion: """
            Example:
              granary backups list --json

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let keyring = try keys.keyring(on: console, asks: false)
        let catalogue = try await BackupCatalogue.read(
            folder: backups,
            keyring: keyring,
            stores: store.stores(on: console),
            sealKeys: try Installation(console).knownKeys()
        )
        try BackupFile.requireFolder(backups)
        let listing = CatalogueListing(catalogue: catalogue)
        if console.settings.isJSON { return try console.result(CatalogueListing.result.document(listing)) }
        if listing.isEmpty { return console.note("there are no backups in \(backups)") }
        for line in listing.lines(width: StandardOutput.columns) { try console.result(line: line) }
    }
}

/// `granary backups show`.
package struct BackupsShow: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Describe a backup: tables, chunks, extensions, migrations; needs no server.",
        discussion: """
            The file may also be an archive of pg_dump: custom, directory or tar.

            Example:
              granary backups show shop-20261123T071500Z.zip

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @Argument(
        help: ArgumentHelp("A backup; also searched for in --backups.", valueName: "file"),
        completion: .backup(".zip", ".dump", ".tar", ".age")
    )
    package var file: String

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let stores = store.stores(on: console)
        let path = try BackupFile.found(file, backups: backups, in: stores, takesAll: true)
        let keyring = try keys.keyring(on: console)
        if let archive = try Self.dumpArchive(path, keyring, stores) {
            let contents = DumpContents(archive)
            return try console.result(
                DumpContents.result.document(contents),
                else: contents.lines(width: StandardOutput.columns)
            )
        }
        let entry = try BackupCatalogue.read(
            path: path,
            keyring: keyring,
            stores: stores,
            sealKeys: try Installation(console).knownKeys()
        )
        if case .unreadable(let problem) = entry.content {
            throw CommandError(
                .file,
                "\(path) is not a complete backup: \(problem)",
                hint: "granary verify \(path) shows what is wrong with it"
            )
        }
        guard let contents = BackupContents(entry) else { return }
        try console.result(
            BackupContents.result.document(contents),
            else: contents.lines(width: StandardOutput.columns)
        )
    }

    /// nil if the file is no archive of pg_dump. Fails for an encrypted file that cannot be opened, and for text, which
    /// has no list of its contents.
    static func dumpArchive(_ path: String, _ keyring: AgeKeyring, _ stores: ObjectStores) throws -> DumpArchive? {
        guard !Files.isFolder(path) else {
            return (try? FileFormat(folder: path))?.isPgDumpArchive == true ? try DumpArchive(path: path) : nil
        }
        let source = try BackupSource(path: path, keyring, in: stores)
        let format = try FileFormat(source)
        guard format != .text, format != .gzip else {
            throw CommandError(
                .file,
                "\(path) is not an archive, and a plain dump has no list of its contents",
                hint: "granary verify \(path) counts the tables and rows of a plain dump"
            )
        }
        return format.isPgDumpArchive ? try DumpArchive(source, name: path) : nil
    }
}
