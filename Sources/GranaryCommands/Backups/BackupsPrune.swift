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
        guard keep.retention != nil else {
            throw ValidationError("give at least one of \(RetentionOptions.names); a number must be 1 or more")
        }
    }

    package func run(on console: Console) async throws {
        let stores = store.stores(on: console)
        let catalogue = try await BackupCatalogue.read(
            folder: backups,
            keyring: try keys.keyring(on: console, asks: false),
            stores: stores,
            sealKeys: try Installation(console).knownKeys()
        )
        try BackupFile.requireFolder(backups)
        let decisions = try Retention.respectingHolds(keep.retention?.decide(catalogue) ?? [], in: stores)
        var listing = PruneListing(catalogue: catalogue, decisions: decisions, isDryRun: dryRun)
        if !dryRun {
            do {
                try BackupDeletion.delete(decisions.filter { !$0.isKept }.map(\.entry), in: stores) {
                    listing.deleted.insert($0.path)
                }
            } catch {
                listing.failure = FailureReport(error, isInterrupted: Task.isCancelled)
            }
        }
        try tell(listing, on: console)
    }

    /// Prints the list also after a failure or an interrupt: what is gone must be known.
    ///
    /// - Throws: `ExitCode` of the failure, after it was reported; `OutputError`.
    private func tell(_ listing: PruneListing, on console: Console) throws {
        if console.settings.isJSON {
            try console.result(PruneListing.result.document(listing))
        } else {
            for line in listing.lines(width: StandardOutput.columns) { try console.result(line: line) }
            for file in listing.skipped { console.note("skipped \(file.path), which \(file.reason)") }
        }
        guard let failure = listing.failure else { return }
        console.withoutDocument.report(failure)
        throw ExitCode(failure.status.rawValue)
    }
}
