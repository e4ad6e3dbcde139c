package import Environments
internal import Glibc

/// What lies in the folder of migrations and in those of the environments, by names alone.
package struct FolderListing: Sendable {
    /// The two names of a migration.
    package struct Pair: Sendable {
        package var layer: String
        package var folder: String
        package var up: MigrationFileName?
        package var down: MigrationFileName?
        package var upName = ""
        package var downName = ""

        package var name: MigrationFileName { up ?? down! }

        fileprivate init(layer: String, folder: String) {
            self.layer = layer
            self.folder = folder
        }

        fileprivate mutating func add(_ name: MigrationFileName, _ entry: String) {
            if name.direction == .up {
                (up, upName) = (name, entry)
            } else {
                (down, downName) = (name, entry)
            }
        }
    }

    /// A name that keeps something from being run.
    package enum Oddity: Sendable, Equatable {
        /// There is no folder of migrations.
        case noFolder(String)
        /// Its number is above the highest.
        case numberTooHigh(path: String)
        /// It ends in `.sql`, and is not the name of a migration.
        case misnamed(path: String)
        /// A folder with a migration in it, the first of which is `file`, and which belongs to no environment.
        case strayFolder(String, file: String)
    }

    private let root: String
    private let environments: EnvironmentsFile
    /// The folder of each layer that exists, by its name.
    package private(set) var folders: [String: String] = [:]
    package private(set) var oddities: [Oddity] = []

    package init(_ root: String, _ environments: EnvironmentsFile) {
        self.root = root
        self.environments = environments
    }

    package mutating func pairs() -> [Pair] {
        guard let base = Self.names(in: root) else {
            oddities.append(.noFolder(root))
            return []
        }
        folders[""] = root
        var pairs = pairs(base, "", root)
        let layers = environments.folders
        for (name, folder) in layers.sorted(by: { $0.key < $1.key }) where !folder.isEmpty {
            let path = "\(root)/\(folder)"
            guard let names = Self.names(in: path) else { continue }
            folders[name] = path
            pairs += self.pairs(names, name, path)
        }
        noteStrayFolders(base, Set(layers.values.compactMap { $0.split(separator: "/").first.map(String.init) }))
        return pairs
    }

    private mutating func pairs(_ names: [String], _ layer: String, _ folder: String) -> [Pair] {
        var pairs: [Pair] = []
        var order: [(version: Int, stem: String, place: Int)] = []
        var places: [String: Int] = [:]
        for entry in names where entry.utf8.first != UInt8(ascii: ".") {
            guard let name = MigrationFileName(entry) else {
                if entry.lowercased().hasSuffix(".sql") { oddities.append(Self.oddity(entry, in: folder)) }
                continue
            }
            let stem = name.stem
            let place = places[stem] ?? pairs.count
            if place == pairs.count {
                places[stem] = place
                order.append((name.version, stem, place))
                pairs.append(Pair(layer: layer, folder: folder))
            }
            pairs[place].add(name, entry)
        }
        return order.sorted { ($0.version, $0.stem) < ($1.version, $1.stem) }.map { pairs[$0.place] }
    }

    private static func oddity(_ entry: String, in folder: String) -> Oddity {
        let path = "\(folder)/\(entry)"
        return MigrationFileName.isTooHigh(entry) ? .numberTooHigh(path: path) : .misnamed(path: path)
    }

    /// A folder of migrations that is no environment's: perhaps one that is misspelled.
    private mutating func noteStrayFolders(_ base: [String], _ known: Set<String>) {
        // Most names are those of files, which nobody needs to ask whether they are folders.
        for name in base where !name.hasSuffix(".sql") && !known.contains(name) && !name.hasPrefix(".") {
            guard name != "templates", let inside = Self.names(in: "\(root)/\(name)"),
                let file = inside.first(where: { MigrationFileName($0) != nil })
            else { continue }
            oddities.append(.strayFolder(name, file: "\(root)/\(name)/\(file)"))
        }
    }

    /// Sorted; nil where there is no such folder.
    package static func names(in folder: String) -> [String]? {
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
