internal import Archive
internal import DumpArchives
internal import PostgresClient
internal import SQLText

/// The content of an archive of pg_dump, described by a manifest. Each entry with data is a chunk whose number of rows
/// is unknown.
struct DumpedManifest: Sendable {
    private(set) var manifest: Manifest
    /// The entries, by the names of their chunks.
    private(set) var entries: [String: DumpTOC.Entry] = [:]
    /// The partitioned tables into which rows of partitions are loaded, by the number of the partition.
    private(set) var roots: [Int: TableName] = [:]
    private(set) var notes: [String] = []

    /// - Throws: `ArchiveError.format` for content that only psql or pg_restore can restore.
    init(_ dump: DumpArchive) throws {
        let toc = dump.toc
        try Self.requireUsualSettings(toc, dump.name)
        try Self.requireListedLargeObjects(dump)
        manifest = Manifest(
            granary: "",
            createdAt: toc.createdAt,
            database: ArchivedProperties(toc).properties,
            server: Manifest.Server(version: toc.serverVersion, versionNumber: Self.number(toc.serverVersion)),
            snapshot: ""
        )
        let definitions = Dictionary(
            toc.entries.filter { $0.kind == "TABLE" }.map { ($0.id, TableDefinition($0)) },
            uniquingKeysWith: { first, _ in first }
        )
        manifest.schema = Self.items(toc, definitions)
        try addTables(dump, definitions)
        try addSequences(toc, dump.name)
        addLargeObjects(dump)
        addExtensionsAndSchemas(toc)
        addRoles(toc)
        manifest.scope = scope
    }

    /// `pg_restore` would use these settings for every statement.
    private static func requireUsualSettings(_ toc: DumpTOC, _ name: String) throws {
        for entry in toc.entries {
            let isUsual =
                switch entry.kind {
                case "STDSTRINGS": entry.definition.contains("'on'")
                case "SEARCHPATH": entry.definition.contains("'search_path', ''")
                default: true
                }
            guard isUsual else {
                throw ArchiveError(
                    .format,
                    "\(name) was made with an unusual setting: \(entry.definition)",
                    hint: "restore it with pg_restore"
                )
            }
        }
    }

    /// Without the list, the owners are unknown, and a restore of rows would drop the large objects of the target.
    private static func requireListedLargeObjects(_ dump: DumpArchive) throws {
        guard dump.dataEntries.contains(where: \.isLargeObjects),
            !dump.toc.entries.contains(where: \.listsLargeObjects)
        else { return }
        throw ArchiveError(
            .format,
            "\(dump.name) holds large objects without their list, as pg_dump --section=data writes them",
            hint: "make the dump with --data-only instead, or restore it with pg_restore"
        )
    }

    /// 150018 for `15.18 (Debian 15.18-0+deb12u1)`, 180000 for `18beta1`.
    static func number(_ version: String) -> Int {
        let numbers = version.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map { Int($0) ?? 0 }
        return (numbers.first ?? 0) * 10_000 + (numbers.count > 1 ? numbers[1] : 0)
    }
}

// Objects.
extension DumpedManifest {
    private static func items(
        _ toc: DumpTOC,
        _ definitions: [Int: TableDefinition]
    ) -> [Manifest.SchemaItem] {
        let partitioned = Set(definitions.filter { $0.value.isPartitioned }.keys)
        return toc.schemaItems().map { item in
            var item = item
            if item.createsPublicSchema { item.sql = "CREATE SCHEMA IF NOT EXISTS public;\n" }
            guard item.kind == "CONSTRAINT", partitioned.isDisjoint(with: item.dependsOn) else { return item }
            item.index = KeyConstraint(item.sql)?.index
            return item
        } + largeObjectItems(toc)
    }

    /// Comments and privileges of large objects. They are executed after the contents are loaded.
    private static func largeObjectItems(_ toc: DumpTOC) -> [Manifest.SchemaItem] {
        let oids = Dictionary(
            toc.entries.map { ($0.id, $0.largeObjectOIDs) },
            uniquingKeysWith: { first, _ in first }
        )
        return toc.entries.filter { $0.isAboutLargeObjects }.map { entry in
            // If several objects have the same privileges, the statements name only the first.
            let all = entry.tag.hasPrefix("LARGE OBJECTS ") ? entry.dependencies.flatMap { oids[$0] ?? [] } : []
            let statements = all.isEmpty ? [entry.definition] : all.map { entry.definition.naming(largeObject: $0) }
            return Manifest.SchemaItem(
                id: entry.id,
                section: .postData,
                kind: entry.kind,
                name: entry.tag,
                owner: entry.owner,
                sql: statements.joined(separator: "\n"),
                dependsOn: entry.dependencies
            )
        }
    }

    private mutating func addRoles(_ toc: DumpTOC) {
        let map = RoleMap(names: [:], present: [])
        var roles = Set(manifest.schema.filter { $0.ownable != nil }.compactMap(\.owner))
        for item in manifest.schema where !item.isAboutTheDatabase {
            roles.formUnion(map.missing(in: item.sql, kind: item.kind))
        }
        roles.formUnion((manifest.largeObjects?.objects ?? []).map(\.owner))
        roles.insert(manifest.database.owner)
        manifest.roles = roles.subtracting([""]).sorted()
    }

    /// An archive does not record that `public` was dropped. pg_restore keeps the schema, and so does granary.
    private mutating func addExtensionsAndSchemas(_ toc: DumpTOC) {
        manifest.extensions = toc.entries.filter { $0.kind == "EXTENSION" }.map { entry in
            let words = Lexeme.all(of: entry.definition).filter { !$0.kind.isTrivia }
            let mark = words.firstIndex { $0.text == "SCHEMA" }
            let schema = mark.flatMap { $0 + 1 < words.count ? words[$0 + 1].name : nil }
            return Manifest.Extension(name: entry.tag, version: "", schema: schema ?? "")
        }
        let named = toc.entries.filter { $0.kind == "SCHEMA" }.map(\.tag) + manifest.tables.map(\.schema)
        manifest.schemas = Set(exactly: named + ["public"]).map(\.text).sorted()
    }
}

// Parts of a database.
extension DumpedManifest {
    /// What `pg_dump --table` or `--schema` chose; empty for a whole database. An archive does not record it, so only
    /// these are known: relations of a schema that it does not create, and a schema `public` that it does create.
    private var scope: Manifest.Scope {
        // A part has no extensions. The schema of a table may belong to one.
        guard manifest.extensions.isEmpty else { return Manifest.Scope() }
        let schemas = manifest.schema.filter { $0.kind == "SCHEMA" }
        let isOfSchemas = schemas.contains(where: \.createsPublicSchema)
        let made = Set(exactly: schemas.map(\.name) + ["public"])
        let relations = ["TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE"]
        let places = manifest.schema.filter { relations.contains($0.kind) }.compactMap(\.schema)
        guard isOfSchemas || places.contains(where: { !made.contains($0) }) else { return Manifest.Scope() }
        let names = Set(exactly: schemas.map(\.name))
        let tables = manifest.tables.map(\.tableName).filter { !names.contains($0.schema) }
        return Manifest.Scope(schemas: names.map(\.text).sorted(), tables: tables.map(\.spelling))
    }
}

// Rows.
extension DumpedManifest {
    private mutating func addTables(_ dump: DumpArchive, _ definitions: [Int: TableDefinition]) throws {
        let keys = Self.primaryKeys(manifest.schema)
        var data: [UInt32: DumpTOC.Entry] = [:]
        for entry in dump.dataEntries where entry.kind == "TABLE DATA" { data[entry.objectOID] = entry }
        for entry in dump.toc.entries where entry.kind == "TABLE" {
            guard let definition = definitions[entry.id] else { continue }
            let rows = data.removeValue(forKey: entry.objectOID)
            try add(entry, definition, primaryKey: keys[entry.id] ?? [], rows, dump)
        }
        let foreign = Set(dump.toc.entries.filter { $0.kind == "FOREIGN TABLE" }.map(\.objectOID))
        let hasTables = !manifest.tables.isEmpty
        // The remaining tables are those of a dump of rows alone, or tables that extensions create.
        for entry in dump.dataEntries where data[entry.objectOID]?.id == entry.id {
            guard !foreign.contains(entry.objectOID) else {
                // They belong to another server, and loading them would write to it.
                notes.append(
                    "the rows of the foreign table \(entry.namespace ?? "").\(entry.tag) are left out, because they would be written to the other server"
                )
                continue
            }
            var definition = TableDefinition()
            definition.isOfExtension = hasTables || dump.toc.entries.contains { $0.kind == "EXTENSION" }
            try add(entry, definition, entry, dump)
        }
        try requireRoots(of: dump, definitions)
    }

    /// Requires that rows are redirected only to partitioned tables, as `--load-via-partition-root` does.
    private func requireRoots(of dump: DumpArchive, _ definitions: [Int: TableDefinition]) throws {
        let others = dump.toc.entries.filter { definitions[$0.id]?.isPartitioned == false }
            .map { TableName(schema: $0.namespace ?? "", name: $0.tag) }
        guard let wrong = Set(roots.values).intersection(others).first else { return }
        throw ArchiveError(
            .damaged,
            at: FilePlace(dump.name),
            "rows of another table are to be loaded into \(wrong)",
            hint: "take another copy of the dump"
        )
    }

    private mutating func add(
        _ entry: DumpTOC.Entry,
        _ definition: TableDefinition,
        primaryKey: [String] = [],
        _ data: DumpTOC.Entry?,
        _ dump: DumpArchive
    ) throws {
        let name = TableName(schema: entry.namespace ?? "", name: entry.tag)
        let copy = data.flatMap { CopyText($0.copyStatement) }
        if copy == nil, let data, !data.copyStatement.isEmpty { throw Self.notUnderstood(data, dump.name) }
        let types = definition.types
        var table = Manifest.Table(
            number: manifest.tables.count + 1,
            oid: entry.objectOID,
            schema: name.schema,
            name: name.name,
            kind: definition.isPartitioned ? .partitioned : .ordinary,
            isUnlogged: definition.isUnlogged,
            extensionName: definition.isOfExtension ? extensionName(of: dump.toc) : nil,
            dataLeftOut: data == nil && !definition.isPartitioned,
            columns: (copy?.columns ?? []).map { Manifest.Column(name: $0, type: types[$0] ?? Self.unknownType) },
            primaryKey: definition.isPartitioned ? [] : primaryKey
        )
        if let data {
            let bytes = dump.storedBytes(of: data)
            table.rawBytes = bytes
            table.chunks = [chunk(of: data, bytes)]
            if let copy, copy.table != name { roots[table.number] = copy.table }
        }
        manifest.tables.append(table)
    }

    /// A qualified name, so that the values are not read as a type with settings of its own.
    private static let unknownType = "pg_catalog.text"

    private func extensionName(of toc: DumpTOC) -> String { toc.entries.first { $0.kind == "EXTENSION" }?.tag ?? "" }

    /// The columns of primary keys, by the number of the entry that creates the table.
    private static func primaryKeys(_ items: [Manifest.SchemaItem]) -> [Int: [String]] {
        var keys: [Int: [String]] = [:]
        for item in items where item.kind == "CONSTRAINT" {
            guard let key = KeyConstraint(item.sql), key.isPrimary else { continue }
            for id in item.dependsOn { keys[id] = key.columns }
        }
        return keys
    }

    private mutating func chunk(of entry: DumpTOC.Entry, _ bytes: Int) -> Manifest.Chunk {
        let member = String(entry.id)
        entries[member] = entry
        return Manifest.Chunk(member: member, rows: 0, rawBytes: bytes, storedBytes: bytes, sha256: "")
    }

    private mutating func addLargeObjects(_ dump: DumpArchive) {
        let objects = dump.toc.largeObjects.map { Manifest.LargeObject(oid: $0.oid, owner: $0.owner) }
        guard !objects.isEmpty else { return }
        var all = Manifest.LargeObjects(objects: objects)
        for entry in dump.dataEntries where entry.isLargeObjects {
            all.chunks.append(chunk(of: entry, dump.storedBytes(of: entry)))
        }
        all.rawBytes = all.chunks.map(\.rawBytes).saturatedSum
        manifest.largeObjects = all
    }

    private static func notUnderstood(_ entry: DumpTOC.Entry, _ name: String) -> ArchiveError {
        ArchiveError(
            .damaged,
            at: FilePlace(name),
            "the statement of \(entry.title) is not understood",
            hint: "take another copy of the dump, or restore it with pg_restore"
        )
    }

    private mutating func addSequences(_ toc: DumpTOC, _ file: String) throws {
        let oids = Dictionary(
            toc.entries.filter { $0.kind == "SEQUENCE" }.map {
                (TableName(schema: $0.namespace ?? "", name: $0.tag), $0.objectOID)
            },
            uniquingKeysWith: { first, _ in first }
        )
        manifest.sequences = try toc.entries.filter { $0.kind == "SEQUENCE SET" }.map { entry in
            let name = TableName(schema: entry.namespace ?? "", name: entry.tag)
            guard let position = SetVal(entry.definition) else { throw Self.notUnderstood(entry, file) }
            return Manifest.Sequence(
                oid: oids[name] ?? 0,
                schema: name.schema,
                name: name.name,
                lastValue: position.value,
                isCalled: position.isCalled
            )
        }
    }
}

extension Manifest.SchemaItem {
    /// pg_dump writes so only if `public` was chosen with `--schema`. Every new database has that schema.
    fileprivate var createsPublicSchema: Bool {
        kind == "SCHEMA" && name == "public" && sql.contains("CREATE SCHEMA")
    }
}

extension DumpTOC.Entry {
    /// Comments and privileges name their object in the tag.
    fileprivate var isAboutLargeObjects: Bool {
        ["ACL", "COMMENT", "SECURITY LABEL"].contains(kind) && (namespace ?? "").isEmpty
            && (tag.hasPrefix("LARGE OBJECT ") || tag.hasPrefix("LARGE OBJECTS "))
    }
}

extension String {
    /// The statements with another number after each `LARGE OBJECT`.
    fileprivate func naming(largeObject oid: UInt32) -> String {
        var words: [String] = []
        return Lexeme.all(of: self).map { lexeme in
            defer { if !lexeme.kind.isTrivia { words.append(lexeme.text) } }
            return lexeme.kind == .number && words.suffix(2) == ["LARGE", "OBJECT"] ? String(oid) : lexeme.text
        }.joined()
    }
}
