internal import Glibc
internal import Migrations
internal import Project
internal import SQLText
internal import Storage

/// A migration with its parsed files; one of them may be missing.
///
/// A class, because lists of migrations are sorted, split and passed on.
final class CheckedMigration: Sendable {
    let migration: Migration
    let up: ParsedFile?
    let down: ParsedFile?
    /// The path of an existing file of the migration, readable or not.
    let path: String
    /// A finding for each file that could not be read or split.
    let findings: [Finding]

    var version: Int { migration.version }
    var layer: String { migration.layer }
    var files: [ParsedFile] { [up, down].compactMap { $0 } }

    fileprivate init(reading pair: MigrationFolder.Pair) {
        var findings: [Finding] = []
        migration = pair.read { path, error in findings.append(Finding(unreadable: path, error)) }
        up = Self.parsed(migration.up, of: migration, &findings)
        down = Self.parsed(migration.down, of: migration, &findings)
        path = migration.up?.path ?? migration.down?.path ?? pair.path
        self.findings = findings
    }

    private static func parsed(
        _ file: MigrationFile?,
        of migration: Migration,
        _ findings: inout [Finding]
    ) -> ParsedFile? {
        guard let file else { return nil }
        do {
            return try ParsedFile(file, of: migration)
        } catch {
            let (line, column) = (error.line, error.column)
            findings.append(
                Finding(.syntax, file: file.path, line: line, column: column, error.message, hint: error.hint)
            )
            return nil
        }
    }
}

/// The migrations of a service for all environments. Each file is read once.
struct ServiceTree: Sendable {
    let service: Service
    let environments: EnvironmentsFile
    let dependencies: DependenciesFile
    let layout: MigrationTree.Layout
    /// Ordered by layer and version. Migrations with the same number are all included.
    let migrations: [CheckedMigration]
    /// The folder of each layer, by its name.
    let folders: [String: String]
    /// The schema that the readable files of `before` create.
    let before: SchemaModel
    let findings: [Finding]

    /// The base, and the environments whose folders exist.
    var layers: [String] { folders.keys.sorted() }

    /// Whether the database has Citus, according to `dependencies.json` or to a migration.
    var usesCitus: Bool {
        dependencies.before.extensions.contains("citus")
            || migrations.contains { migration in
                migration.up?.script.statements.contains { statement in
                    guard let tree = statement.tree, tree.isKind("CreateExtensionStmt") else { return false }
                    return tree["extname"].string == "citus"
                } == true
            }
    }

    func migrations(in layer: String) -> [CheckedMigration] { migrations.filter { $0.layer == layer } }

    /// The migrations of an environment, ordered by number.
    func view(_ environment: String) -> [CheckedMigration] {
        migrations.filter { $0.layer.isEmpty || $0.layer == environment }.sorted { $0.version < $1.version }
    }

    /// The environments that have migrations here. In the layout of copies, those with a folder.
    var environmentNames: [String] {
        layout == .copies ? environments.names.filter { folders[$0] != nil } : environments.names
    }

    static func read(_ service: Service, _ declared: DeclaredFiles) async -> ServiceTree {
        let folder = MigrationFolder(service.folder, environments: declared.environments.folders)
        let migrations = await Parallel.map(folder?.pairs ?? []) { CheckedMigration(reading: $0) }
        let hasBase = migrations.contains { $0.layer.isEmpty }
        let (before, faults) = Self.before(declared.dependencies, service.folder)
        let oddities =
            folder.map { Self.oddities($0, declared) }
            ?? [
                Finding(
                    .unreadableFile,
                    file: service.folder,
                    "there is no such folder",
                    hint: "--migrations names the folder of migrations; `granary init` creates one"
                )
            ]
        return ServiceTree(
            service: service,
            environments: declared.environments,
            dependencies: declared.dependencies,
            layout: hasBase || migrations.isEmpty ? .overlay : .copies,
            migrations: migrations,
            folders: Dictionary(uniqueKeysWithValues: (folder?.layers ?? []).map { ($0.name, $0.path) }),
            before: before,
            findings: oddities + faults + migrations.flatMap(\.findings)
        )
    }

    /// The schema that the files of `before` create, and a finding for each file that cannot be read.
    private static func before(_ file: DependenciesFile, _ folder: String) -> (SchemaModel, [Finding]) {
        var schema = SchemaModel()
        var findings: [Finding] = []
        for path in file.before.paths(in: folder) {
            do {
                schema.learn(from: try SQLScript(splitting: try Files.text(of: path)))
            } catch {
                findings.append(
                    Finding(
                        .listedFileMissing,
                        file: file.path,
                        line: file.beforeLine,
                        "\"before\" names \(path), which cannot be read: \(error)",
                        hint: "paths are relative to the folder of migrations"
                    )
                )
            }
        }
        return (schema, findings)
    }

    /// Findings for files and folders that never run because of their names.
    private static func oddities(_ folder: MigrationFolder, _ declared: DeclaredFiles) -> [Finding] {
        let environments = declared.environments
        let before = declared.dependencies.before.files
        let files = folder.layers.flatMap(\.entries).compactMap { entry -> Finding? in
            switch entry.kind {
            case .migration: nil
            case .otherSQL where before.contains(where: { entry.path.hasSuffix("/\($0)") }): nil
            case .numberTooHigh:
                Finding(
                    .fileName,
                    file: entry.path,
                    "its number is above \(MigrationFileName.highestVersion), the highest that a migration may have",
                    hint: "give it a shorter number, such as 20240101000001"
                )
            case .otherSQL:
                Finding(
                    .fileName,
                    file: entry.path,
                    "the name is not of the form number_title.up.sql or number_title.down.sql, so it never runs",
                    hint: properName(entry.path)
                )
            }
        }
        let folders = folder.strayFolders.map { name, file in
            Finding(
                .unknownFolder,
                file: file,
                "\(name) is not an environment, so the migrations in its folder never run",
                hint: Spelling.nearest(to: name, among: environments.names).map {
                    "is \($0) meant? Otherwise declare it in environments.json"
                } ?? "declare it in environments.json"
            )
        }
        return files + folders
    }

    private static func properName(_ path: String) -> String {
        let entry = path.split(separator: "/").last.map(String.init) ?? path
        let stem = entry.split(separator: ".").first.map(String.init) ?? entry
        return Migration.version(spelled: stem) != nil && stem.contains("_")
            ? "rename it to \(stem).up.sql or \(stem).down.sql" : "use a name such as 000007_add_phone.up.sql"
    }
}

extension Finding {
    fileprivate init(unreadable path: String, _ error: MigrationError) {
        // The finding already contains the path.
        let message = error.message.hasPrefix(path) ? "the file\(error.message.dropFirst(path.count))" : error.message
        self.init(.unreadableFile, file: path, line: error.place?.line ?? 1, message, hint: error.hint)
    }
}

/// Work on many elements with all cores.
enum Parallel {
    /// Keeps the order of the elements. Uses several parts per core, so that cores do not wait long for the slowest
    /// part.
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
