package import ArgumentParser
internal import Inspection
internal import Storage

/// `granary backups prune`.
package struct BackupsPrune: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Delete old backups: those that no --keep option keeps.",
        discussion: """
            A backup stays if one of the options keeps it; days and weeks (from Monday) are those of UTC. Each database \
            on each server in each environment is counted separately, and so is each selection of tables. The newest \
            backup is never deleted, nor the newest that was verified or drilled, a locked one, one of the last 30 \
            days that an undo line names, and any file that is not known to be a whole backup.

            Example:
              granary backups prune --keep-last 3 --keep-daily 7 --dry-run
              granary backups prune --keep-daily 7 --keep-weekly 4 --keep-within 36h

            \(variablesHelp)
            """
    )

    @OptionGroup package var keep: RetentionOptions
    @Flag(name: .dryRun, help: "Show what would be deleted, and delete nothing.") package var dryRun = false

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { !dryRun }
    package init() {}

    package mutating func validate() throws {
        guard keep.retention != nil else { throw ValidationError("give at least one of \(RetentionOptions.names)") }
    }

    package func run(on console: Console) async throws {
        let stores = store.stores(on: console)
        let catalogue = try await BackupCatalogue.read(
            folder: backups,
            keyring: try keys.keyring(on: console, asks: false),
            stores: stores,
            sealKeys: try Installation(console).knownKeys()
        )
        let decisions = try Retention.respectingHolds(keep.retention?.decide(catalogue) ?? [], in: stores)
        if !dryRun { try delete(decisions.filter { !$0.isKept }.map(\.entry), in: stores, on: console) }
        let listing = PruneListing(catalogue: catalogue, decisions: decisions, isDryRun: dryRun)
        if console.settings.isJSON { return try console.result(PruneListing.result.document(listing)) }
        for line in listing.lines(width: StandardOutput.columns) { try console.result(line: line) }
        for file in listing.skipped { console.note("skipped \(file.path), which \(file.reason)") }
    }

    /// If not all can be deleted, the list is not printed, so what is gone is named here.
    private func delete(
        _ entries: [BackupCatalogue.Entry],
        in stores: ObjectStores,
        on console: Console
    ) throws {
        var deleted: [String] = []
        do {
            try BackupDeletion.delete(entries, in: stores) { deleted.append($0.path) }
        } catch {
            for path in deleted { console.note("deleted \(path)") }
            throw error
        }
    }
}
