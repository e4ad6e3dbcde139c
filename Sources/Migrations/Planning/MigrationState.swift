package import Bookkeeping

/// The state of a migration in a database.
package enum MigrationState: String, Sendable {
    case applied
    case pending
    /// Applied, and its file is gone.
    case missing
    /// Applied, and its file has changed since.
    case modified
    /// The last run of this version of the file failed or was interrupted.
    case failed
    /// Applied or begun by a newer release: its number is above those of all files here.
    case newer
    /// Pending, with a number below an applied one.
    case outOfOrder = "out_of_order"
    /// Applied from another environment's folder, or under another number.
    case otherLayer = "other_layer"
    /// Applied by another tool; the content of its file at that time is unknown.
    case unverified
}

extension UnfinishedRun {
    var direction: Direction { isDown ? .down : .up }
}

/// A row of `status`: a migration in the tree, in the ledger, or in both.
package struct MigrationStanding: Sendable {
    package var version: Int
    package var name: String
    package var state: MigrationState
    package var layer: String
    /// The migration in the tree; nil if its files are gone.
    package var migration: Migration?
    /// The row of the ledger; nil if the migration is not applied.
    package var entry: LedgerEntry?
    /// The last run, if it failed or has not ended.
    package var unfinished: UnfinishedRun?

    /// For an interrupted run: the statement that may or may not have taken effect, and what the catalog shows about
    /// it.
    package var doubt: String?

    package var isApplied: Bool { entry != nil }
    /// Whether another runner is executing the migration statement by statement. `state` is the state before that run.
    package var isRunning: Bool { unfinished?.isRunning ?? false }
    /// What happened to a migration of which only a part is in the database; nil for all others, and for a down.
    var interruption: String? {
        guard state == .failed, !isApplied, let unfinished, unfinished.leavesSomething else { return nil }
        return interruption(unfinished)
    }

    func interruption(_ run: UnfinishedRun) -> String {
        "\(name) was interrupted after statement \(run.statementsDone) of \(run.statementsTotal)"
    }

    /// Whether the ledger has the same file under another number.
    var isElsewhere: Bool { state == .otherLayer && entry == nil }
}

/// Combines the tree and the ledger. Files are matched first by content, then by number.
package struct MigrationStandings: Sendable {
    package internal(set) var all: [MigrationStanding]

    package init(tree: MigrationTree, entries: [LedgerEntry], unfinished: [Int: UnfinishedRun]) {
        let known = Known(tree, entries, unfinished)
        var standings = tree.migrations.map(known.standing)
        let matched = Set(standings.compactMap { $0.entry?.version })
        standings += entries.filter { !matched.contains($0.version) }.map(known.standing)
        // Part of the file is in the database, whether or not the file still exists.
        let listed = Set(standings.map(\.version))
        standings += unfinished.values.filter { $0.leavesSomething && !listed.contains($0.version) }.map(known.standing)
        all = standings.sorted { ($0.version, $0.isApplied ? 0 : 1) < ($1.version, $1.isApplied ? 0 : 1) }
    }

    /// What files and ledger say, to look up.
    private struct Known {
        let tree: MigrationTree
        let unfinished: [Int: UnfinishedRun]
        let byVersion: [Int: LedgerEntry]
        let byContent: [String: LedgerEntry]
        let ours: Files
        let foreign: Files
        /// The newest version that granary applied. Migrations that another tool applied do not count, because they say
        /// nothing about the order of overlay files.
        let newest: Int
        let newestOfAll: Int
        let highest: Int

        init(_ tree: MigrationTree, _ entries: [LedgerEntry], _ unfinished: [Int: UnfinishedRun]) {
            self.tree = tree
            self.unfinished = unfinished
            byVersion = Dictionary(entries.map { ($0.version, $0) }, uniquingKeysWith: { one, _ in one })
            byContent = Dictionary(
                entries.compactMap { entry in entry.upSHA256.map { ($0, entry) } },
                uniquingKeysWith: { one, _ in one }
            )
            ours = Files(tree.migrations)
            foreign = Files(tree.others)
            newest = entries.filter(\.isVerified).map(\.version).max() ?? 0
            newestOfAll = entries.map(\.version).max() ?? 0
            highest = tree.migrations.map(\.version).max() ?? .max
        }

        func standing(of migration: Migration) -> MigrationStanding {
            let run = unfinished[migration.version]
            var standing = MigrationStanding(
                version: migration.version,
                name: migration.name,
                state: .pending,
                layer: migration.layer,
                migration: migration,
                unfinished: run
            )
            if let entry = byVersion[migration.version] {
                standing.entry = entry
                standing.state =
                    run?.hasBrokenOff == true ? .failed : MigrationStandings.state(of: migration, entry, foreign)
            } else if let up = migration.up, let entry = MigrationStandings.entry(of: up, byContent),
                tree.migration(entry.version)?.up?.sha256 != up.sha256
            {
                standing.state = .otherLayer
            } else if let run, !run.isRunning, run.leavesSomething || migration.up?.matches(run.sha256) == true {
                standing.state = .failed
            } else if migration.version < (migration.layer == tree.golangMigrateLayer ? newestOfAll : newest) {
                standing.state = .outOfOrder
            }
            return standing
        }

        /// A row of the ledger without a file of that number.
        func standing(of entry: LedgerEntry) -> MigrationStanding {
            let isElsewhere = entry.upSHA256.map { ours.contains($0) || foreign.contains($0) } ?? false
            return MigrationStanding(
                version: entry.version,
                name: entry.name,
                state: isElsewhere ? .otherLayer : entry.version > highest ? .newer : .missing,
                layer: entry.layer,
                entry: entry,
                unfinished: unfinished[entry.version]
            )
        }

        /// A run that neither a file nor the ledger tells of.
        func standing(of run: UnfinishedRun) -> MigrationStanding {
            MigrationStanding(
                version: run.version,
                name: run.name,
                state: run.version > highest ? .newer : run.isRunning ? .pending : .failed,
                layer: run.layer,
                unfinished: run
            )
        }
    }

    /// Finds files by checksum.
    private struct Files {
        private let files: [MigrationFile]
        private let known: Set<String>

        init(_ migrations: [Migration]) {
            files = migrations.compactMap(\.up)
            known = Set(files.map(\.sha256))
        }

        func contains(_ recorded: String) -> Bool {
            known.contains(recorded) || files.contains { $0.spellings.contains(recorded) }
        }
    }

    /// The entry with which the content of a file was applied.
    private static func entry(of up: MigrationFile, _ entries: [String: LedgerEntry]) -> LedgerEntry? {
        if let entry = entries[up.sha256] { return entry }
        guard !entries.isEmpty else { return nil }
        return up.spellings.lazy.compactMap { entries[$0] }.first
    }

    private static func state(of migration: Migration, _ entry: LedgerEntry, _ foreign: Files) -> MigrationState {
        guard let applied = entry.upSHA256 else { return .unverified }
        if migration.up?.matches(applied) == true { return .applied }
        // In this database the number belongs to a file of another environment.
        return foreign.contains(applied) ? .otherLayer : .modified
    }

    /// The highest applied version; 0 if nothing is applied.
    package var version: Int { all.filter(\.isApplied).map(\.version).max() ?? 0 }

    package func standing(_ version: Int) -> MigrationStanding? { all.first { $0.version == version } }

    /// Rows of the ledger whose file has moved to another folder or changed its title.
    var moves: [(version: Int, layer: String, name: String)] {
        all.compactMap { standing in
            guard standing.state == .applied, let entry = standing.entry, let migration = standing.migration,
                entry.layer != migration.layer || entry.name != migration.name
            else { return nil }
            return (standing.version, migration.layer, migration.name)
        }
    }
}
