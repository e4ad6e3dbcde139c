package import Bookkeeping

/// The state of a migration in a database.
package enum MigrationState: String, Sendable {
    case applied
    case pending
    /// Applied, and its file is gone.
    case missing
    /// Applied, and its file has changed since.
    case modified
    /// The last run of this version of the file failed or broke off.
    case failed
    /// Applied, or begun, by a newer release: its number is above those of all files here.
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

/// A row of `status`: a migration of the tree, of the ledger, or of both.
package struct MigrationStanding: Sendable {
    package var version: Int
    package var name: String
    package var state: MigrationState
    package var layer: String
    /// In the tree; nil if the file is gone.
    package var migration: Migration?
    /// In the ledger; nil if it is not applied.
    package var entry: LedgerEntry?
    /// Its last run, if that failed or has not ended.
    package var unfinished: UnfinishedRun?

    /// For a run that broke off: the statement in doubt, and what the catalog shows about it.
    package var doubt: String?

    package var isApplied: Bool { entry != nil }
    /// Another runner is executing it statement by statement; the state is the one before its run.
    package var isRunning: Bool { unfinished?.isRunning ?? false }
    /// The ledger has the same file under another number.
    var isElsewhere: Bool { state == .otherLayer && entry == nil }
}

/// Combines the tree and the ledger. Files are matched first by content, then by number.
package struct MigrationStandings: Sendable {
    package internal(set) var all: [MigrationStanding]

    package init(tree: MigrationTree, entries: [LedgerEntry], unfinished: [Int: UnfinishedRun]) {
        let byVersion = Dictionary(entries.map { ($0.version, $0) }, uniquingKeysWith: { one, _ in one })
        let byContent = Dictionary(
            entries.compactMap { entry in entry.upSHA256.map { ($0, entry) } },
            uniquingKeysWith: { one, _ in one }
        )
        let foreign = Files(tree.others)
        // The order of overlay files cannot be derived from what other tools applied.
        let newest = entries.filter(\.isVerified).map(\.version).max() ?? 0
        let newestOfAll = entries.map(\.version).max() ?? 0
        var standings: [MigrationStanding] = []
        var seen = Set<Int>()
        for migration in tree.migrations {
            var standing = MigrationStanding(
                version: migration.version,
                name: migration.name,
                state: .pending,
                layer: migration.layer,
                migration: migration,
                unfinished: unfinished[migration.version]
            )
            if let entry = byVersion[migration.version] {
                standing.entry = entry
                standing.state =
                    standing.unfinished?.hasBrokenOff == true
                    ? .failed : Self.state(of: migration, entry, foreign)
                seen.insert(entry.version)
            } else if let up = migration.up, let entry = Self.entry(of: up, byContent),
                tree.migration(entry.version)?.up?.sha256 != up.sha256
            {
                standing.state = .otherLayer
            } else if let run = unfinished[migration.version], !run.isRunning,
                run.leavesSomething || migration.up?.matches(run.sha256) == true
            {
                standing.state = .failed
            } else if migration.version < (migration.layer == tree.golangMigrateLayer ? newestOfAll : newest) {
                standing.state = .outOfOrder
            }
            standings.append(standing)
        }
        let ours = Files(tree.migrations)
        let highest = tree.migrations.map(\.version).max() ?? .max
        for entry in entries where !seen.contains(entry.version) {
            let isElsewhere = entry.upSHA256.map { ours.contains($0) || foreign.contains($0) } ?? false
            standings.append(
                MigrationStanding(
                    version: entry.version,
                    name: entry.name,
                    state: isElsewhere ? .otherLayer : entry.version > highest ? .newer : .missing,
                    layer: entry.layer,
                    entry: entry,
                    unfinished: unfinished[entry.version]
                )
            )
        }
        // Half of the file is in the database, whether or not the file still exists.
        let listed = Set(standings.map(\.version))
        for run in unfinished.values where run.leavesSomething && !listed.contains(run.version) {
            standings.append(
                MigrationStanding(
                    version: run.version,
                    name: run.name,
                    state: run.version > highest ? .newer : run.isRunning ? .pending : .failed,
                    layer: run.layer,
                    unfinished: run
                )
            )
        }
        all = standings.sorted { ($0.version, $0.isApplied ? 0 : 1) < ($1.version, $1.isApplied ? 0 : 1) }
    }

    /// Finds files by their checksums.
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

    /// The entry under which a file's content was applied.
    private static func entry(of up: MigrationFile, _ entries: [String: LedgerEntry]) -> LedgerEntry? {
        if let entry = entries[up.sha256] { return entry }
        guard !entries.isEmpty else { return nil }
        return up.spellings.lazy.compactMap { entries[$0] }.first
    }

    private static func state(of migration: Migration, _ entry: LedgerEntry, _ foreign: Files) -> MigrationState {
        guard let applied = entry.upSHA256 else { return .unverified }
        if migration.up?.matches(applied) == true { return .applied }
        // The number belongs to another environment here, whose file was applied.
        return foreign.contains(applied) ? .otherLayer : .modified
    }

    /// The highest applied version; 0 without one.
    package var version: Int { all.filter(\.isApplied).map(\.version).max() ?? 0 }

    package func standing(_ version: Int) -> MigrationStanding? { all.first { $0.version == version } }

    /// Rows of the ledger whose file is now in another folder, or has another title.
    var moves: [(version: Int, layer: String, name: String)] {
        all.compactMap { standing in
            guard standing.state == .applied, let entry = standing.entry, let migration = standing.migration,
                entry.layer != migration.layer || entry.name != migration.name
            else { return nil }
            return (standing.version, migration.layer, migration.name)
        }
    }
}
