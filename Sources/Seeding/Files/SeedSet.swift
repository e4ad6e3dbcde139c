package import PostgresClient
package import Project
internal import SyntheticData

/// All seeds of an environment, read but not yet checked against the tables.
package struct SeedSet: Sendable {
    /// The seeds of one table, from all layers.
    package struct Table: Sendable {
        package var name: TableName
        /// The files of the table, in the order of the layers.
        package var files: [TableFile]

        package init(name: TableName, files: [TableFile]) {
            self.name = name
            self.files = files
        }

        /// For each option, the last declaration counts.
        package var key: (columns: [String], file: String)? {
            files.last { $0.key != nil }.map { ($0.key ?? [], $0.file.path) }
        }
        package var onConflict: ConflictRule { files.last { $0.onConflict != nil }?.onConflict ?? .update }
        package var prunes: Bool { files.last { $0.prune != nil }?.prune ?? false }

        /// The declarations of generated rows: for each option and column, the later layer wins.
        package var generate: (node: SeedNode, file: String)? {
            var result: (node: SeedNode, file: String)?
            for file in files {
                guard let node = file.generate else { continue }
                guard let before = result else {
                    result = (node, file.file.path)
                    continue
                }
                var members = before.node.members ?? []
                for member in node.members ?? [] {
                    // Of the two ways to give a count, only the later one is kept.
                    if member.key == "count", node["per"] == nil { members.removeAll { $0.key == "per" } }
                    if member.key == "columns", let place = members.firstIndex(where: { $0.key == "columns" }) {
                        let given = member.value.members ?? []
                        let kept = (members[place].value.members ?? []).filter { old in
                            !given.contains { $0.key == old.key }
                        }
                        members[place].value = SeedNode(.mapping(kept + given), line: member.line)
                    } else {
                        members.removeAll { $0.key == member.key }
                        members.append(member)
                    }
                }
                result = (SeedNode(.mapping(members), line: node.line), file.file.path)
            }
            return result
        }
    }

    package struct Script: Sendable {
        package var file: SeedFile
        package var bytes: [UInt8]
        package var digest: String
    }

    package var options: SeedsFile
    package var environment: String
    package var layers: [String]
    package var tables: [Table]
    package var scripts: [Script]
    /// The schema of tables without one.
    package var schema: String
    /// For a run of the common layer alone: tables that also have rows in the environment's own layers.
    package var namesInOtherLayers: Set<TableName> = []

    package struct Request: Sendable {
        package var folder: String
        package var environment: String
        /// The schemas of the service; the first is the default.
        package var schemas: [String]
        /// `seed_files` of environments.json.
        package var seedFiles: [String]
        /// Only the layer `common`.
        package var commonOnly: Bool

        package init(
            folder: String,
            environment: String,
            schemas: [String],
            seedFiles: [String] = [],
            commonOnly: Bool = false
        ) {
            self.folder = folder
            self.environment = environment
            self.schemas = schemas
            self.seedFiles = seedFiles
            self.commonOnly = commonOnly
        }
    }

    /// Reads all files of an environment.
    ///
    /// - Throws: `SeedingError` with `.file`.
    package static func read(_ request: Request) throws(SeedingError) -> SeedSet {
        let folder = SeedFolder(request.folder)
        guard folder.exists else {
            throw SeedingError(
                .file,
                "there is no folder \(request.folder)",
                hint: "put seeds into seeds/common and seeds/<environment>, or name another folder with --seeds"
            )
        }
        let options = try SeedingError.ofFile { () throws(EnvironmentsError) in try SeedsFile.read(folder: folder.path)
        }
        try requireLocale(options)
        let layers = request.commonOnly ? ["common"] : try Self.layers(options, request.environment)
        var set = SeedSet(
            options: options,
            environment: request.environment,
            layers: layers,
            tables: [],
            scripts: [],
            schema: options.schema ?? request.schemas.first ?? "public"
        )
        let files = try Self.files(folder, layers, request)
        try requireOneOfEach(files)
        for file in files { try set.add(file, folder) }
        if request.commonOnly {
            for layer in try Self.layers(options, request.environment) where layer != "common" {
                for file in try folder.files(layer: layer) where !file.isScript {
                    set.namesInOtherLayers.insert(TableName(schema: file.schema ?? set.schema, name: file.table))
                }
            }
        }
        return set
    }

    private static func layers(_ options: SeedsFile, _ environment: String) throws(SeedingError) -> [String] {
        try SeedingError.ofFile { () throws(EnvironmentsError) in try options.layers(of: environment) }
    }

    private static func requireLocale(_ options: SeedsFile) throws(SeedingError) {
        guard let line = options.localeLine, !WordLists.locales.contains(options.locale) else { return }
        throw SeedingError(
            .file,
            at: FilePlace(options.path, line: line),
            "there are no word lists for the locale \(options.locale)",
            hint: "the locales are \(WordLists.locales.joined(separator: ", "))"
        )
    }

    /// `users.yml` beside `users.yaml` or `users.yml.gz` is an error: one of them is a leftover, and would undo the
    /// other.
    private static func requireOneOfEach(_ files: [SeedFile]) throws(SeedingError) {
        var seen: [ExactText: String] = [:]
        for file in files {
            guard let other = seen.updateValue(file.path, forKey: ExactText(file.stem)) else { continue }
            throw SeedingError(
                .file,
                "\(other) and \(file.path) both exist, but only one of them can be used",
                hint: "merge them into one file"
            )
        }
    }

    private static func files(
        _ folder: SeedFolder,
        _ layers: [String],
        _ request: Request
    ) throws(SeedingError) -> [SeedFile] {
        var files: [SeedFile] = []
        for layer in layers { files += try folder.files(layer: layer) }
        guard !request.seedFiles.isEmpty else { return files }
        // environments.json selects the files of an environment; the order of the layers is kept.
        var others: [SeedFile] = []
        for layer in try folder.layers() where !layers.contains(layer) && !request.commonOnly {
            others += try folder.files(layer: layer)
        }
        var wanted = Set<String>()
        for entry in request.seedFiles {
            let matching = (files + others).filter { Self.selects(entry, $0, in: folder) }
            if matching.isEmpty, !request.commonOnly {
                throw SeedingError(
                    .file,
                    "environments.json lists the seed file \(Self.relative(entry, folder)) for \(request.environment), which is not in \(folder.path)",
                    hint:
                        "names are relative to the folder of seeds, such as common/users.yaml, common/* or common"
                )
            }
            for file in matching { wanted.insert(file.name) }
        }
        return (files + others).filter { wanted.contains($0.name) }
    }

    /// Whether an entry of `seed_files` selects a file: by its name, its folder, or a pattern with `*`.
    package static func selects(_ entry: String, _ file: SeedFile, in folder: SeedFolder) -> Bool {
        let entry = relative(entry, folder)
        if file.name == entry || file.name.hasPrefix(entry.hasSuffix("/") ? entry : entry + "/") { return true }
        return NamePattern(entry).fits(file.name)
    }

    private static func relative(_ entry: String, _ folder: SeedFolder) -> String {
        var entry = entry
        for prefix in ["./", "\(folder.path)/", "seeds/"] where entry.hasPrefix(prefix) {
            entry = String(entry.dropFirst(prefix.count))
        }
        return entry
    }

    private mutating func add(_ file: SeedFile, _ folder: SeedFolder) throws(SeedingError) {
        let bytes = try folder.bytes(file)
        guard !file.isScript else {
            scripts.append(Script(file: file, bytes: bytes, digest: ContentHash.hex(bytes)))
            return
        }
        let name = TableName(schema: file.schema ?? schema, name: file.table)
        let read = try TableFile(file, bytes: bytes)
        if let index = tables.firstIndex(where: { $0.name == name }) {
            tables[index].files.append(read)
        } else {
            tables.append(Table(name: name, files: [read]))
        }
    }
}
