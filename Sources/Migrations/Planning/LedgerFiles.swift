internal import Bookkeeping
internal import PostgresClient

/// Finds the migrations of a folder that another tool's ledger lists: by the name of the file that they were imported
/// from, or else by their number.
struct LedgerFiles {
    private let tree: MigrationTree
    /// Imported migrations, whose number may have changed: by the name of the original file, and by its version.
    private var byOrigin: [String: Migration] = [:]
    private var byOriginalVersion: [OriginalVersion: Migration] = [:]

    init(_ tree: MigrationTree) {
        self.tree = tree
        for migration in tree.migrations {
            guard let origin = migration.origin else { continue }
            byOrigin[origin] = migration
            if let version = OriginalVersion(fileName: origin) { byOriginalVersion[version] = migration }
        }
    }

    /// - Returns: The migrations, ordered by number.
    /// - Throws: `MigrationError` with `.disagreement`, which names entries without a file.
    func migrations(
        of entries: [OtherLedger.Entry],
        _ table: TableName,
        _ tool: String
    ) throws(MigrationError) -> [Migration] {
        var found: [Int: Migration] = [:]
        var missing: [String] = []
        for entry in entries {
            if entry.isBaseline {
                for migration in through(entry.name) { found[migration.version] = migration }
            } else if let migration = migration(of: entry) {
                found[migration.version] = migration
            } else {
                missing.append(entry.name)
            }
        }
        guard missing.isEmpty else { throw Self.withoutFile(missing, table, tool, tree) }
        return found.values.sorted { $0.version < $1.version }
    }

    /// Finds a migration by the name of an entry alone.
    func migration(named name: String) -> Migration? {
        migration(of: OtherLedger.Entry(name: name))
    }

    private func migration(of entry: OtherLedger.Entry) -> Migration? {
        // Flyway's ledger has the path below its folder.
        let file = (entry.file ?? entry.name).split(separator: "/").last.map(String.init) ?? ""
        if let migration = byOrigin[file] { return migration }
        guard let version = OriginalVersion(entry.name) else { return nil }
        if let migration = byOriginalVersion[version] { return migration }
        guard let number = version.number, let migration = tree.migration(number),
            originalVersion(of: migration) == version
        else { return nil }
        return migration
    }

    /// All migrations up to a version of the other tool.
    private func through(_ name: String) -> [Migration] {
        guard let version = OriginalVersion(name) else { return [] }
        return tree.migrations.filter { migration in originalVersion(of: migration).map { $0 <= version } ?? false }
    }

    /// The version that the other tool gave the file; nil for a repeatable migration, and for a migration that the
    /// other tool never had.
    ///
    /// An import keeps either all numbers or none. If it has changed the numbers, a file without an origin was written
    /// for granary.
    private func originalVersion(of migration: Migration) -> OriginalVersion? {
        if let origin = migration.origin { return OriginalVersion(fileName: origin) }
        return byOriginalVersion.isEmpty ? OriginalVersion(migration.digits) : nil
    }

    private static func withoutFile(
        _ names: [String],
        _ table: TableName,
        _ tool: String,
        _ tree: MigrationTree
    ) -> MigrationError {
        let list = names.sorted().prefix(10).joined(separator: ", ")
        let more = names.count > 10 ? " and \(names.count - 10) more" : ""
        return MigrationError(
            .disagreement,
            "\(table) (\(tool)) lists \(list)\(more), and \(tree.folder) has no such migration",
            hint:
                "`granary migrate import FOLDER` converts \(tool)'s files into migrations; if these files no longer exist, "
                + "`granary migrate baseline V` records the files up to version V as applied"
        )
    }
}
