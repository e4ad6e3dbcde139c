internal import Glibc

/// The migrations of a service as one environment sees them.
///
/// Two layouts exist. *Overlay*: base files in the folder itself and additional ones in a folder per environment, in
/// one number space. *Copies*: no base files, and each environment's folder is a set of its own. Other folders, such as
/// `templates`, are left alone, as golang-migrate leaves all of them.
package struct MigrationTree: Sendable {
    package enum Layout: Sendable { case overlay, copies }

    package let folder: String
    package let environment: String
    package let layout: Layout
    /// What runs here, by version.
    package let migrations: [Migration]
    /// What is in other environments' folders.
    package let others: [Migration]
    /// Why nothing may run: a number that two files have.
    package let problems: [MigrationError]

    /// The layer whose files golang-migrate would read from the folder it is given.
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
        guard let base = names(in: folder) else {
            throw MigrationError(
                .file,
                "there is no folder \(folder)",
                hint: "--migrations names the folder of migrations; `granary init` makes one"
            )
        }
        var problems: [MigrationError] = []
        var layers: [String: [Migration]] = [:]
        layers[""] = try migrations(base, in: folder, layer: "", &problems)
        for (name, subfolder) in folders.sorted(by: { $0.key < $1.key }) {
            let path = "\(folder)/\(subfolder)"
            guard let names = names(in: path) else { continue }
            var own: [MigrationError] = []
            layers[name] = try migrations(names, in: path, layer: name, &own)
            if name == environment { problems += own }
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
        let others = layers.filter { !$0.key.isEmpty && $0.key != environment }.sorted { $0.key < $1.key }
        return MigrationTree(
            folder: folder,
            environment: environment,
            layout: layout,
            migrations: mine,
            others: others.flatMap(\.value),
            problems: problems
        )
    }

    private static func migrations(
        _ names: [String],
        in folder: String,
        layer: String,
        _ problems: inout [MigrationError]
    ) throws(MigrationError) -> [Migration] {
        var found: [Int: Migration] = [:]
        for entry in names {
            guard let name = MigrationFileName(entry) else { continue }
            let file = try MigrationFile.read(name, at: "\(folder)/\(entry)")
            var migration =
                found[name.version]
                ?? Migration(version: name.version, digits: name.digits, title: name.title, layer: layer)
            let isTaken = name.direction == .up ? migration.up : migration.down
            if let isTaken {
                problems.append(duplicate(isTaken, file))
                continue
            }
            if name.direction == .up { migration.up = file } else { migration.down = file }
            // A pair whose titles differ is two files of one number too.
            if let up = migration.up, let down = migration.down, up.name.title != down.name.title {
                problems.append(duplicate(up, down))
            }
            found[name.version] = migration
        }
        return found.values.sorted { $0.version < $1.version }
    }

    private static func duplicate(_ one: MigrationFile?, _ other: MigrationFile?) -> MigrationError {
        MigrationError(
            .duplicate,
            "\(one?.path ?? "") and \(other?.path ?? "") have the same number",
            hint: "give one of them the next free number, with `granary migrate renumber`, or by hand with its "
                + "entry in dependencies.json"
        )
    }

    /// The names in a folder, sorted; nil when there is no such folder.
    private static func names(in folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        return names.sorted()
    }
}
