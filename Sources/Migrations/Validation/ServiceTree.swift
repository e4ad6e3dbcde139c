internal import Environments
internal import Glibc
internal import SQLText

/// A pair of files, read and parsed; what a name stands for that only one of the two has is a migration too.
///
/// A class, as `ParsedFile` is one: lists of them are sorted, cut and handed on.
final class CheckedMigration: Sendable {
    let migration: Migration
    let up: ParsedFile?
    let down: ParsedFile?
    /// The file of it that is there, whether or not it could be read.
    let path: String
    /// Why a file of it could not be read or taken apart.
    let findings: [Finding]

    var version: Int { migration.version }
    var layer: String { migration.layer }
    var files: [ParsedFile] { [up, down].compactMap { $0 } }

    fileprivate init(reading pair: FolderListing.Pair) {
        var reading = MigrationReading(pair)
        up = reading.parsed(reading.migration.up)
        down = reading.parsed(reading.migration.down)
        migration = reading.migration
        let existing = "\(pair.folder)/\(pair.up == nil ? pair.downName : pair.upName)"
        path = migration.up?.path ?? migration.down?.path ?? existing
        findings = reading.findings
    }
}

/// All migrations of a service, those of every environment, each file read once.
struct ServiceTree: Sendable {
    let service: Service
    let environments: EnvironmentsFile
    let dependencies: DependenciesFile
    let layout: MigrationTree.Layout
    /// By layer and version; where several pairs have one number, all of them.
    let migrations: [CheckedMigration]
    /// The folder of each layer, by its name.
    let folders: [String: String]
    let findings: [Finding]

    /// The names of the environments whose folders are there, with the base.
    var layers: [String] { folders.keys.sorted() }

    func migrations(in layer: String) -> [CheckedMigration] { migrations.filter { $0.layer == layer } }

    /// What an environment runs, in the order of the numbers.
    func view(_ environment: String) -> [CheckedMigration] {
        migrations.filter { $0.layer.isEmpty || $0.layer == environment }.sorted { $0.version < $1.version }
    }

    /// Environments that have something to run here: in the layout of copies, those with a folder.
    var environmentNames: [String] {
        layout == .copies ? environments.names.filter { folders[$0] != nil } : environments.names
    }

    static func read(_ service: Service, _ declared: DeclaredFiles) async -> ServiceTree {
        var listing = FolderListing(service.folder, declared.environments)
        let pairs = listing.pairs()
        let migrations = await Parallel.map(pairs) { CheckedMigration(reading: $0) }
        let hasBase = migrations.contains { $0.layer.isEmpty }
        return ServiceTree(
            service: service,
            environments: declared.environments,
            dependencies: declared.dependencies,
            layout: hasBase || migrations.isEmpty ? .overlay : .copies,
            migrations: migrations,
            folders: listing.folders,
            findings: listing.findings + migrations.flatMap(\.findings)
        )
    }
}

/// What lies in the folder of migrations and in those of the environments, by names alone.
struct FolderListing {
    /// The two names of a migration.
    struct Pair: Sendable {
        var layer: String
        var folder: String
        var up: MigrationFileName?
        var down: MigrationFileName?
        var upName = ""
        var downName = ""

        var name: MigrationFileName { up ?? down! }

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

    private let root: String
    private let environments: EnvironmentsFile
    private(set) var folders: [String: String] = [:]
    private(set) var findings: [Finding] = []

    init(_ root: String, _ environments: EnvironmentsFile) {
        self.root = root
        self.environments = environments
    }

    mutating func pairs() -> [Pair] {
        guard let base = Self.names(in: root) else {
            findings.append(
                Finding(
                    .unreadableFile,
                    file: root,
                    "there is no such folder",
                    hint: "--migrations names the folder of migrations; `granary init` makes one"
                )
            )
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
                if entry.lowercased().hasSuffix(".sql") { findings.append(Self.misnamed(entry, in: folder)) }
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

    private static func misnamed(_ entry: String, in folder: String) -> Finding {
        if MigrationFileName.isTooHigh(entry) {
            return Finding(
                .fileName,
                file: "\(folder)/\(entry)",
                "its number is above \(MigrationFileName.highestVersion), the highest that a migration may have",
                hint: "give it a shorter number, such as 20240101000001"
            )
        }
        let stem = entry.split(separator: ".").first.map(String.init) ?? entry
        let hint =
            Migration.version(spelled: stem) != nil && stem.contains("_")
            ? "call it \(stem).up.sql or \(stem).down.sql" : "call it such as 000007_add_phone.up.sql"
        return Finding(
            .fileName,
            file: "\(folder)/\(entry)",
            "the name is not of the form number_title.up.sql or number_title.down.sql, so nobody runs it",
            hint: hint
        )
    }

    /// A folder of migrations that is no environment's: perhaps one that is misspelled.
    private mutating func noteStrayFolders(_ base: [String], _ known: Set<String>) {
        // Most names are those of files, which nobody needs to ask whether they are folders.
        for name in base where !name.hasSuffix(".sql") && !known.contains(name) && !name.hasPrefix(".") {
            guard name != "templates", let inside = Self.names(in: "\(root)/\(name)"),
                let file = inside.first(where: { MigrationFileName($0) != nil })
            else { continue }
            let near = Spelling.nearest(to: name, among: environments.names)
            findings.append(
                Finding(
                    .unknownFolder,
                    file: "\(root)/\(name)/\(file)",
                    "\(name) is no environment, so nobody runs the migrations in its folder",
                    hint: near.map { "is \($0) meant? Otherwise declare it in environments.json" }
                        ?? "declare it in environments.json"
                )
            )
        }
    }

    /// Sorted; nil where there is no such folder.
    static func names(in folder: String) -> [String]? {
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

/// Reads and parses the files of a migration, and notes what cannot be.
private struct MigrationReading {
    private(set) var migration: Migration
    private(set) var findings: [Finding] = []

    init(_ pair: FolderListing.Pair) {
        let name = pair.name
        migration = Migration(version: name.version, digits: name.digits, title: name.title, layer: pair.layer)
        if let up = pair.up { migration.up = read(up, "\(pair.folder)/\(pair.upName)") }
        if let down = pair.down { migration.down = read(down, "\(pair.folder)/\(pair.downName)") }
    }

    private mutating func read(_ name: MigrationFileName, _ path: String) -> MigrationFile? {
        do {
            return try MigrationFile.read(name, at: path)
        } catch {
            findings.append(Self.unreadable(path, error))
            return nil
        }
    }

    private static func unreadable(_ path: String, _ error: MigrationError) -> Finding {
        // The path is the finding's own.
        let message = error.message.hasPrefix(path) ? "the file\(error.message.dropFirst(path.count))" : error.message
        return Finding(.unreadableFile, file: path, line: error.place?.line ?? 1, message, hint: error.hint)
    }

    mutating func parsed(_ file: MigrationFile?) -> ParsedFile? {
        guard let file else { return nil }
        do {
            return try ParsedFile(file, of: migration)
        } catch {
            findings.append(
                Finding(
                    .syntax,
                    file: file.path,
                    line: error.line,
                    column: error.column,
                    error.message,
                    hint: error.hint
                )
            )
            return nil
        }
    }
}

/// Work on many elements by every core.
enum Parallel {
    /// In the order of the elements. A few parts for each core, so that none waits long for the slowest.
    static func map<T: Sendable, R: Sendable>(
        _ elements: [T],
        _ body: @escaping @Sendable (T) -> R
    ) async -> [R] {
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let length = max(8, (elements.count + cores * 4 - 1) / (cores * 4))
        guard elements.count > length else { return elements.map(body) }
        return await withTaskGroup(of: (Int, [R]).self) { group in
            for start in stride(from: 0, to: elements.count, by: length) {
                let part = elements[start..<min(start + length, elements.count)]
                group.addTask { (start, part.map(body)) }
            }
            var parts: [(Int, [R])] = []
            for await part in group { parts.append(part) }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }
}
