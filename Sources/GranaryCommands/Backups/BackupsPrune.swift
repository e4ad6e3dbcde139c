package import ArgumentParser
internal import Inspection
internal import Storage

/// `granary backups prune`.
package struct BackupsPrune: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Delete old backups: those that no --keep option keeps.",
        discussion: """
            Each database in each environment is counted separately, and so are backups of single schemas or tables. \
            The newest backup of a whole database is never deleted, nor is any file that is not a whole backup, or \
            that no identity at hand opens.

            Example:
              granary backups prune --keep-last 3 --keep-daily 7 --dry-run
              granary backups prune --keep-daily 7 --keep-weekly 4 --keep-monthly 12

            \(variablesHelp)
            """
    )

    @Option(name: .long, help: ArgumentHelp("Keep the newest n.", valueName: "n")) package var keepLast = 0
    @Option(name: .long, help: ArgumentHelp("Keep the last of each of n days.", valueName: "n"))
    package var keepDaily = 0
    @Option(name: .long, help: ArgumentHelp("Keep the last of each of n weeks.", valueName: "n"))
    package var keepWeekly = 0
    @Option(name: .long, help: ArgumentHelp("Keep the last of each of n months.", valueName: "n"))
    package var keepMonthly = 0
    @Flag(name: .dryRun, help: "Show what would be deleted, and delete nothing.") package var dryRun = false

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { !dryRun }
    package init() {}

    package mutating func validate() throws {
        let numbers = [keepLast, keepDaily, keepWeekly, keepMonthly]
        guard numbers.allSatisfy({ $0 >= 0 }) else {
            throw ValidationError("the number of backups to keep cannot be negative")
        }
        guard numbers.contains(where: { $0 > 0 }) else {
            throw ValidationError("give at least one of --keep-last, --keep-daily, --keep-weekly, --keep-monthly")
        }
    }

    package func run(on console: Console) async throws {
        let retention = Retention(last: keepLast, daily: keepDaily, weekly: keepWeekly, monthly: keepMonthly)
        let stores = store.stores(on: console)
        let catalogue = try await BackupCatalogue.read(
            folder: backups,
            keyring: try keys.keyring(on: console, asks: false),
            stores: stores,
            sealKeys: try Installation(console).knownKeys()
        )
        let decisions = retention.decide(catalogue)
        if !dryRun { try BackupDeletion.delete(decisions.filter { !$0.isKept }.map(\.entry), in: stores) }
        let listing = PruneListing(decisions: decisions, isDryRun: dryRun)
        if console.settings.isJSON { return try console.result(PruneListing.result.document(listing)) }
        for line in listing.lines(width: StandardOutput.columns) { try console.result(line: line) }
        for entry in catalogue.entries {
            if let why = entry.whyNeverPruned { console.note("skipped \(entry.path), which \(why)") }
        }
    }
}
