/// The migrations of a service for one environment.
///
/// There are two layouts. *Overlay*: base files in the folder itself and additional ones in a folder per environment,
/// in one number space. *Copies*: no base files, and each environment's folder is a full set. Other folders, such as
/// `templates`, are ignored; golang-migrate ignores all folders.
package struct MigrationTree: Sendable {
    package enum Layout: Sendable { case overlay, copies }

    package let folder: String
    package let environment: String
    package let layout: Layout
    /// The migrations for this environment, by version.
    package let migrations: [Migration]
    /// The migrations in other environments' folders.
    package let others: [Migration]
    /// Reasons why nothing may run: a number with two files, a number that is too high, a folder with only other files.
    package let problems: [MigrationError]
    /// Paths of `.sql` files in the folder and in that of the environment that are not migrations.
    package let ignored: [String]

    /// A remark about `ignored`, if there is a reason for one.
    package var noteOnIgnoredFiles: String? {
        ignored.isEmpty || migrations.isEmpty
            ? nil : "\(Self.leftOut(ignored)): a migration file is named number_title.up.sql"
    }

    /// The layer whose files golang-migrate would read from the given folder.
    package var golangMigrateLayer: String { layout == .overlay ? "" : environment }

    package func migration(_ version: Int) -> Migration? {
        var low = 0
        var high = migrations.count
        while low < high {
            let middle = (low + high) / 2
            if migrations[middle].version < version { low = middle + 1 } else { high = middle }
        }
        return low < migrations.count && migrations[low].version == version ? migrations[low] : nil
    }

    /// - Parameters:
    ///   - folders: The folder of each environment, by its name, relative to `folder`.
    /// - Throws: `MigrationError` with `.file`.
    package static func read(
        folder: String,
        environment: String,
        folders: [String: String]
    ) throws(MigrationError) -> MigrationTree {
        guard let read = MigrationFolder(folder, environments: folders) else {
            throw MigrationError(
                .file,
                "there is no folder \(folder)",
                hint: "--migrations names the folder of migrations; `granary init` creates one"
            )
        }
        var problems: [MigrationError] = []
        var layers: [String: [Migration]] = [:]
        var ignored: [String] = []
        for layer in read.layers {
            let isMine = layer.name.isEmpty || layer.name == environment
            var own: [MigrationError] = []
            layers[layer.name] = try migrations(layer, &own)
            if isMine {
                problems += own
                ignored += layer.entries.filter(\.isOtherSQLFile).map(\.path)
            }
        }
        let hasOwnFolders = layers.contains { !$0.key.isEmpty && !$0.value.isEmpty }
        let layout: Layout = layers[""]!.isEmpty && hasOwnFolders ? .copies : .overlay
        if layout == .copies, (layers[environment] ?? []).isEmpty {
            throw MigrationError(
                .file,
                "the environment \(environment) has no migrations: there is no folder "
                    + "\(folder)/\(folders[environment] ?? environment)",
                hint: "each environment has its own folder here; make one, or put what all share into \(folder)"
            )
        }
        let mine = (layers[""]! + (layers[environment] ?? [])).sorted { $0.version < $1.version }
        for (one, next) in zip(mine, mine.dropFirst()) where one.version == next.version {
            problems.append(duplicate(one.up ?? one.down, next.up ?? next.down))
        }
        if mine.isEmpty {
            ignored += read.sqlFilesElsewhere
            if !ignored.isEmpty, problems.isEmpty { problems.append(noMigration(among: ignored)) }
        }
        let others = layers.filter { !$0.key.isEmpty && $0.key != environment }.sorted { $0.key < $1.key }
        return MigrationTree(
            folder: folder,
            environment: environment,
            layout: layout,
            migrations: mine,
            others: others.flatMap(\.value),
            problems: problems,
            ignored: ignored
        )
    }

    /// Here files with the same number are one migration, whatever their titles.
    private static func migrations(
        _ layer: MigrationFolder.Layer,
        _ problems: inout [MigrationError]
    ) throws(MigrationError) -> [Migration] {
        var found: [Int: Migration] = [:]
        for entry in layer.entries {
            guard case .migration(let name) = entry.kind else {
                if case .numberTooHigh = entry.kind { problems.append(tooHigh(entry.path)) }
                continue
            }
            let file = try MigrationFile.read(name, at: entry.path)
            var migration =
                found[name.version]
                ?? Migration(version: name.version, digits: name.digits, title: name.title, layer: layer.name)
            let isTaken = name.direction == .up ? migration.up : migration.down
            if let isTaken {
                problems.append(duplicate(isTaken, file))
                continue
            }
            if name.direction == .up { migration.up = file } else { migration.down = file }
            // A pair with different titles counts as two files with the same number.
            if let up = migration.up, let down = migration.down, up.name.title != down.name.title {
                problems.append(duplicate(up, down))
            }
            found[name.version] = migration
        }
        return found.values.sorted { $0.version < $1.version }
    }

    private static func tooHigh(_ path: String) -> MigrationError {
        MigrationError(
            .file,
            "\(path): its number is above \(MigrationFileName.highestVersion), the highest that a migration may have",
            hint: "give it a shorter number, such as 20240101000001"
        )
    }

    /// Another tool's files, or misspelled names: doing nothing would look like success.
    private static func noMigration(among ignored: [String]) -> MigrationError {
        MigrationError(
            .file,
            "\(leftOut(ignored)), and there are no others",
            hint:
                "name a migration number_title.up.sql, such as 000007_add_phone.up.sql; its down file ends in .down.sql"
        )
    }

    private static func leftOut(_ paths: [String]) -> String {
        let names = paths.prefix(5).joined(separator: ", ") + (paths.count > 5 ? " and \(paths.count - 5) more" : "")
        return paths.count == 1
            ? "1 .sql file is not a migration and was ignored: \(names)"
            : "\(paths.count) .sql files are not migrations and were ignored: \(names)"
    }

    private static func duplicate(_ one: MigrationFile?, _ other: MigrationFile?) -> MigrationError {
        let second = other?.name.stem ?? one?.name.stem ?? "NAME"
        return MigrationError(
            .duplicate,
            "\(one?.path ?? "") and \(other?.path ?? "") have the same number",
            hint:
                "`granary migrate renumber \(second)` gives the second one the next free number, in dependencies.json too"
        )
    }
}
