package import Bookkeeping

/// The state of a service, from its folder and its ledger.
package struct ServiceState: Sendable {
    package var name: String
    package var tree: MigrationTree
    package var dependencies: DependenciesFile
    package var entries: [LedgerEntry]
    package var standings: MigrationStandings
    /// golang-migrate's table, if granary keeps it up to date.
    package var sibling: GolangMigrateLedger?
    /// Other services that share this table, and the lowest version that each needs in its row.
    package var sharers: [String: Int] = [:]
    /// Whether the table is not adopted yet, so that `entries` come from it alone.
    package var isSiblingNew = false
    /// The adopted ledger of another tool, which granary does not update.
    package var adopted: AdoptedLedger?
    /// The migrations that this tool has applied or reverted since.
    package var adoptedChange: AdoptedLedger.Change?
    /// Before the first run of the service: ledgers of other tools that have entries, and whose service is unknown.
    package var otherLedgers: [OtherLedger] = []
    /// The reason why nothing may run until the services of these ledgers are known. Only `status` sets it.
    package var otherLedgerObstacle: MigrationError?
    /// Contradictions between ledger and catalog. Only `status` sets it.
    package var disagreements: [Disagreement] = []
    /// Whether the last entry of the log is a failed `up` that was rolled back completely.
    package var lastUpLeftNothing = false

    /// The highest applied version of the folder that golang-migrate reads, among `versions`.
    func siblingVersion(applied versions: some Sequence<Int>) -> Int? {
        versions.filter { version in
            // If the file is gone, the ledger still knows its folder.
            let layer = tree.migration(version)?.layer ?? entries.first { $0.version == version }?.layer
            return layer == tree.golangMigrateLayer
        }.max()
    }

    /// The version for the shared row: the highest version that any of the services needs.
    func siblingVersion(applied versions: some Sequence<Int>, others: [String: Int]) -> Int? {
        [siblingVersion(applied: versions), others.values.max()].compactMap { $0 }.max()
    }
}
