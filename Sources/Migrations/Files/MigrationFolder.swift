internal import Storage

/// The folder of migrations and the folders of its environments, by the names of their files. A run uses it and stops
/// at the first error; `validate` uses it and shows all errors.
///
///     names in each folder → kind of each name → pairs of an up and a down file
package struct MigrationFolder: Sendable {
    /// A `.sql` file in the folder, whether its name is that of a migration or not.
    package struct Entry: Sendable {
        package enum Kind: Sendable {
            case migration(MigrationFileName)
            /// The name has the form of a migration, but its number is above the maximum.
            case numberTooHigh
            /// Ends in `.sql`, but does not have the form of a migration.
            case otherSQL
        }

        package let path: String
        package let kind: Kind
    }

    /// The base folder, or the folder of an environment.
    package struct Layer: Sendable {
        /// The environment; empty for the base.
        package let name: String
        package let path: String
        /// Sorted by name.
        package let entries: [Entry]
    }

    /// The files of a migration, with the same number and title in one layer.
    package struct Pair: Sendable {
        package let layer: String
        package fileprivate(set) var up: (name: MigrationFileName, path: String)?
        package fileprivate(set) var down: (name: MigrationFileName, path: String)?

        package var name: MigrationFileName { up?.name ?? down!.name }
        /// The path of the up file if it exists, else of the down file.
        package var path: String { up?.path ?? down!.path }
    }

    package let path: String
    /// The base first, then the environments by name; only existing folders.
    package let layers: [Layer]
    /// The folder of each environment, by its name, relative to `path`; empty for the base.
    private let environments: [String: String]
    /// All names in the folder itself.
    private let names: [String]

    /// - Parameter environments: The folder of each environment, by its name, relative to `path`.
    /// - Returns: nil if the folder does not exist.
    package init?(_ path: String, environments: [String: String]) {
        guard let names = try? Files.names(in: path) else { return nil }
        self.path = path
        self.environments = environments
        self.names = names
        let folders = environments.sorted { $0.key < $1.key }.filter { !$0.value.isEmpty }
        layers =
            [Layer(name: "", path: path, names)]
            + folders.compactMap { name, folder in
                (try? Files.names(in: "\(path)/\(folder)")).map { Layer(name: name, path: "\(path)/\(folder)", $0) }
            }
    }

    package var pairs: [Pair] { layers.flatMap(\.pairs) }

    /// Folders with migrations that belong to no environment, each with its first file. A folder `templates` is
    /// ignored.
    package var strayFolders: [(name: String, file: String)] {
        let known = Set(environments.values.compactMap { $0.split(separator: "/").first.map(String.init) })
        return otherNames.filter { !known.contains($0) && $0 != "templates" }.compactMap { name in
            let file = (try? Files.names(in: "\(path)/\(name)"))?.first { MigrationFileName($0) != nil }
            return file.map { (name, "\(path)/\(name)/\($0)") }
        }
    }

    /// SQL files in folders that belong to no environment: tools such as Prisma and Diesel use a folder for each
    /// migration.
    var sqlFilesElsewhere: [String] {
        let known = Set(environments.values)
        return otherNames.filter { !known.contains($0) }.flatMap { name in
            Layer(name: name, path: "\(path)/\(name)", (try? Files.names(in: "\(path)/\(name)")) ?? []).entries
                .filter(\.isFile).map(\.path)
        }
    }

    /// Names that may be folders. Most names are files, which need not be checked.
    private var otherNames: [String] { names.filter { !$0.hasSuffix(".sql") && !$0.hasPrefix(".") } }
}

extension MigrationFolder.Layer {
    fileprivate init(name: String, path: String, _ names: [String]) {
        self.name = name
        self.path = path
        entries = names.compactMap { MigrationFolder.Entry($0, in: path) }
    }

    /// Pairs up and down files by number and title.
    fileprivate var pairs: [MigrationFolder.Pair] {
        var pairs: [String: MigrationFolder.Pair] = [:]
        for entry in entries {
            guard case .migration(let file) = entry.kind else { continue }
            let half = (file, entry.path)
            switch file.direction {
            case .up: pairs[file.stem, default: .init(layer: name)].up = half
            case .down: pairs[file.stem, default: .init(layer: name)].down = half
            }
        }
        return pairs.map { ($0.value.name.version, $0.key, $0.value) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }
}

extension MigrationFolder.Entry {
    /// nil for files that are not SQL, and for hidden files, which editors use for temporary copies.
    fileprivate init?(_ name: String, in folder: String) {
        guard name.utf8.first != UInt8(ascii: ".") else { return nil }
        if let file = MigrationFileName(name) {
            kind = .migration(file)
        } else {
            guard name.lowercased().hasSuffix(".sql") else { return nil }
            kind = MigrationFileName.isTooHigh(name) ? .numberTooHigh : .otherSQL
        }
        path = "\(folder)/\(name)"
    }

    /// Whether it is a regular file that ends in `.sql` but does not belong to a migration.
    var isOtherSQLFile: Bool {
        if case .otherSQL = kind { isFile } else { false }
    }

    fileprivate var isFile: Bool {
        Files.isRegular(path)
    }
}

extension MigrationFolder.Pair {
    /// Reads the files of the pair. A file that cannot be read is left out of the migration.
    ///
    /// - Parameter unreadable: Called for each file that cannot be read, with `MigrationError` of `.file`.
    package func read<E: Error>(
        _ unreadable: (_ path: String, MigrationError) throws(E) -> Void
    ) throws(E) -> Migration {
        var migration = Migration(version: name.version, digits: name.digits, title: name.title, layer: layer)
        migration.up = try read(up, unreadable)
        migration.down = try read(down, unreadable)
        return migration
    }

    private func read<E: Error>(
        _ file: (name: MigrationFileName, path: String)?,
        _ unreadable: (_ path: String, MigrationError) throws(E) -> Void
    ) throws(E) -> MigrationFile? {
        guard let file else { return nil }
        do {
            return try MigrationFile.read(file.name, at: file.path)
        } catch {
            try unreadable(file.path, error)
            return nil
        }
    }
}
