package import Bookkeeping

/// A service, as its folder and the database have it.
package struct ServiceState: Sendable {
    package var name: String
    package var tree: MigrationTree
    package var dependencies: DependenciesFile
    package var entries: [LedgerEntry]
    package var standings: MigrationStandings
    /// golang-migrate's table, where it is kept in step.
    package var sibling: GolangMigrateLedger?
    /// Other services that keep that table in step, and the version that each wants its row to have at least.
    package var sharers: [String: Int] = [:]
    /// Whether that table is yet to be adopted, and the entries are in no other ledger.
    package var isSiblingNew = false
    /// The ledger of another tool that was taken over and is not kept in step.
    package var adopted: AdoptedLedger?
    /// What that tool has done since.
    package var adoptedChange: AdoptedLedger.Change?
    /// Ledgers of other tools that record something, before the service's first run, if it is not known whose they are.
    package var otherLedgers: [OtherLedger] = []
    /// Why nothing of the service may run until it is known whose they are; only `status` looks.
    package var otherLedgerObstacle: MigrationError?
    /// Where ledger and catalog contradict each other; only `status` looks.
    package var disagreements: [Disagreement] = []
    /// Whether the last thing that happened was an up that failed and left nothing behind.
    package var lastUpLeftNothing = false

    /// The highest applied version of the folder that golang-migrate reads, among `versions`.
    func siblingVersion(applied versions: some Sequence<Int>) -> Int? {
        versions.filter { version in
            // Where the file is gone, the ledger knows whose folder it was in.
            let layer = tree.migration(version)?.layer ?? entries.first { $0.version == version }?.layer
            return layer == tree.golangMigrateLayer
        }.max()
    }

    /// The version of the row: the highest that this service wants, or another one that shares the table.
    func siblingVersion(applied versions: some Sequence<Int>, others: [String: Int]) -> Int? {
        [siblingVersion(applied: versions), others.values.max()].compactMap { $0 }.max()
    }
}
