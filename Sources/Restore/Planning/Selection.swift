internal import Archive
internal import PostgresClient

/// The selected part of an archive.
struct Selection: Sendable {
    private(set) var items: [Manifest.SchemaItem]
    /// All selected tables, also those without rows of their own.
    private(set) var tables: [Manifest.Table]
    let sequences: [Manifest.Sequence]
    let largeObjects: Manifest.LargeObjects?
    let isWholeDatabase: Bool

    /// Tables whose rows the target keeps: the marker, and if only rows are restored also the ledger, because it
    /// describes the existing schema.
    private let notOurs: Set<TableName>
    /// The schemas of granary's own tables, which are restored and not counted.
    private let stateSchemas: Set<ExactText>
    /// What was excluded.
    let excluded: ExcludedPart

    /// - Throws: `RestoreError.selection` naming a schema or table that is not in the archive.
    init(_ manifest: Manifest, _ options: RestoreOptions) throws {
        stateSchemas = manifest.stateSchemas
        notOurs = Set(
            (options.dataOnly ? ["environment", "migrations", "migration_log"] : ["environment"])
                .map { TableName(schema: options.stateSchema, name: $0) }
        ).union(
            Selection.withChildren(
                try options.tablesWithoutData.map { try Selection.match($0, in: manifest.tables) },
                manifest
            )
            .map(\.tableName)
        )
        let gone = try Selection.excluded(options, manifest)
        excluded = gone
        let schemas = Set(exactly: options.schemas)
        let named = try options.tables.map { try Selection.match($0.table, in: manifest.tables) }
        // A copy under another name is a copy of one table.
        let isCopy = options.tables.contains { $0.newName != nil }
        for schema in options.schemas where !Set(exactly: manifest.schemas).contains(schema) {
            throw RestoreError(
                .selection,
                "the archive has no schema \(schema)",
                hint: "it has \(manifest.schemas.joined(separator: ", "))"
            )
        }
        isWholeDatabase = schemas.isEmpty && named.isEmpty && manifest.scope.isWholeDatabase
        let schema = manifest.schema.filter {
            !(options.noPrivileges && $0.isPrivileges) && !gone.items.contains($0.id)
        }
        guard !schemas.isEmpty || !named.isEmpty else {
            items = schema
            tables = manifest.tables.filter { !gone.tables.contains($0.tableName) }
            let oids = Set(
                manifest.schema.filter { gone.items.contains($0.id) && $0.kind == "SEQUENCE" }.map(\.objectOID)
            )
            sequences = manifest.sequences.filter { sequence in
                !(options.dataOnly && sequence.schema == options.stateSchema) && !oids.contains(sequence.oid)
            }
            largeObjects = manifest.largeObjects
            return
        }
        let wanted =
            named + manifest.tables.filter { $0.extensionName == nil && schemas.contains($0.schema) }
        let selectedTables = (isCopy ? wanted : Selection.withChildren(wanted, manifest)).filter {
            !gone.tables.contains($0.tableName)
        }
        tables = selectedTables
        let inTables = Selection.items(of: selectedTables, in: schema)
        let selected = schema.filter { item in
            item.schema.map { schemas.contains($0) } == true || item.isAbout(schemas) || inTables.contains(item.id)
        }
        items = selected
        let oids = Set(selected.filter { $0.kind == "SEQUENCE" }.map(\.objectOID))
        sequences = manifest.sequences.filter { sequence in
            oids.contains(sequence.oid) && !(options.dataOnly && sequence.schema == options.stateSchema)
        }
        largeObjects = nil
    }

    /// What the options exclude.
    private static func excluded(_ options: RestoreOptions, _ manifest: Manifest) throws -> ExcludedPart {
        let named = try options.excludedTables.map { try match($0, in: manifest.tables) }
        let tables = withChildren(named, manifest)
        return ExcludedPart(
            manifest,
            schemas: Set(exactly: options.excludedSchemas),
            excluded: Set(tables.map(\.tableName)),
            itemsOfTables: items(of: tables, in: manifest.schema)
        )
    }

    /// The same without the configuration tables of extensions, whose archived rows cannot be told from those that the
    /// extension inserts.
    var leavingOutExtensions: Selection {
        var selection = self
        selection.tables.removeAll { $0.extensionName != nil }
        return selection
    }

    /// The same without some items of the schema.
    func leavingOut(_ ids: Set<Int>) -> Selection {
        var selection = self
        selection.items.removeAll { ids.contains($0.id) }
        return selection
    }

    /// Schemas of selected tables, if the archive has no item that creates them.
    var placesWithoutItem: [String] {
        guard !isWholeDatabase else { return [] }
        let made = Set(exactly: items.filter { $0.kind == "SCHEMA" }.map(\.name))
        return Set(exactly: tables.map(\.schema)).subtracting(made).map(\.text).sorted()
    }

    /// Tables whose rows are in the archive and will be loaded.
    var tablesWithRows: [Manifest.Table] {
        tables.filter { table in
            table.kind == .ordinary && !table.dataLeftOut && !notOurs.contains(table.tableName)
        }
    }

    /// Without the tables of granary itself, which no command counts (`Manifest.countedTables`).
    var countedTables: [Manifest.Table] { tablesWithRows.filter { !stateSchemas.contains($0.schema) } }

    var rows: Int { countedTables.reduce(0) { $0 + $1.rows } }
    var rawBytes: Int { (tablesWithRows.map(\.rawBytes) + [largeObjects?.rawBytes ?? 0]).saturatedSum }

    /// The table that a person calls `schema.table` or `table`.
    static func match(_ selection: String, in tables: [Manifest.Table]) throws -> Manifest.Table {
        let found = TableName.named(selection, in: tables) { $0.tableName }
        guard let first = found.first, found.count == 1 else {
            let names = found.map(\.tableName.spelling)
            throw RestoreError(
                .selection,
                names.isEmpty
                    ? "the archive has no table \(selection)"
                    : "\(selection) could be \(names.joined(separator: " or "))",
                hint: "write it as schema.table"
            )
        }
        return first
    }

    /// `tables`, their partitions and the tables that inherit from them, at every level and in every schema.
    private static func withChildren(_ tables: [Manifest.Table], _ manifest: Manifest) -> [Manifest.Table] {
        let parents = manifest.parents
        var wanted = Set(tables.map(\.tableName))
        var count = 0
        while count != wanted.count {
            count = wanted.count
            for (child, itsParents) in parents where !wanted.isDisjoint(with: itsParents) { wanted.insert(child) }
        }
        return manifest.tables.filter { wanted.contains($0.tableName) && $0.extensionName == nil }
    }

    /// Kinds of items that belong to a table and are restored with it.
    private static let companions: Set<String> = [
        "SEQUENCE", "SEQUENCE OWNED BY", "DEFAULT", "CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT", "INDEX",
        "INDEX ATTACH", "TRIGGER", "POLICY", "ROW SECURITY", "RULE", "ACL", "COMMENT", "STATISTICS", "TABLE ATTACH",
        "SECURITY LABEL", "STATISTICS DATA",
    ]

    /// The items that create `tables`, and the items that depend only on these tables.
    private static func items(of tables: [Manifest.Table], in schema: [Manifest.SchemaItem]) -> Set<Int> {
        let oids = Set(tables.map(\.oid))
        var ids = Set(schema.filter { $0.kind == "TABLE" && oids.contains($0.objectOID) }.map(\.id))
        // Foreign tables hold no archived rows, so the manifest does not list them as tables.
        let foreign = Set(schema.filter { $0.kind == "FOREIGN TABLE" }.map(\.id))
        for item in schema where item.kind == "TABLE ATTACH" && !ids.isDisjoint(with: item.dependsOn) {
            ids.formUnion(foreign.intersection(item.dependsOn))
        }
        let others = Set(schema.filter { $0.kind == "TABLE" }.map(\.id)).subtracting(ids)
        for item in schema where companions.contains(item.kind) {
            let isOurs = item.dependsOn.contains { ids.contains($0) }
            let belongs =
                switch item.kind {
                // A foreign key depends on two tables. It belongs to the one that its statement alters.
                case "FK CONSTRAINT": tables.contains { item.alters($0.tableName) }
                // The item has the name of the partition.
                case "TABLE ATTACH":
                    tables.contains { item.isNamed($0.tableName) } || item.dependsOn.contains { foreign.contains($0) }
                default: !item.dependsOn.contains { others.contains($0) }
                }
            if isOurs && belongs { ids.insert(item.id) }
        }
        return ids
    }
}

extension Manifest {
    /// The parents of each partition and of each table that inherits from others. Archives of older versions know only
    /// the parents of partitions, and only parents that are in the archive.
    var parents: [TableName: [TableName]] {
        let names = Dictionary(
            schema.filter { $0.kind == "TABLE" }.map { ($0.id, TableName(schema: $0.schema ?? "", name: $0.name)) },
            uniquingKeysWith: { first, _ in first }
        )
        var parents: [TableName: [TableName]] = [:]
        // pg_dump attaches a partition with an item that has its name and depends on both tables.
        for item in schema where item.kind == "TABLE ATTACH" {
            let child = TableName(schema: item.schema ?? "", name: item.name)
            parents[child] = item.dependsOn.compactMap { names[$0] }.filter { $0 != child }
        }
        for table in tables {
            guard let known = table.parents else { continue }
            parents[table.tableName] = known.map { TableName(schema: $0.schema, name: $0.name) }
        }
        return parents
    }
}

extension TableName {
    init(_ relation: Manifest.Relation) { self.init(schema: relation.schema, name: relation.name) }
}

extension Manifest.Table {
    var tableName: TableName { TableName(schema: schema, name: name) }
}

extension Manifest.SchemaItem {
    /// Whether it creates one of `schemas`, comments on it, or sets its privileges; not whether it is an object in one
    /// of them.
    func isAbout(_ schemas: Set<ExactText>) -> Bool {
        guard schema == nil else { return false }
        let start = "SCHEMA "
        return kind == "SCHEMA"
            ? schemas.contains(name)
            : name.utf8.starts(with: start.utf8) && schemas.contains(String(name.unicodeScalars.dropFirst(start.count)))
    }

    var isPrivileges: Bool { kind == "ACL" || kind == "DEFAULT ACL" }

    func isNamed(_ table: TableName) -> Bool { TableName(schema: schema ?? "", name: name) == table }

    /// pg_dump quotes names where necessary, but its tags do not distinguish a table `a b` from a table `a`.
    fileprivate func alters(_ table: TableName) -> Bool {
        let names = [table.schema, QuotedText.name(table.schema)].flatMap { schema in
            [table.name, QuotedText.name(table.name)].map { "\(schema).\($0)\n" }
        }
        return names.contains { name in
            ["ALTER TABLE ONLY ", "ALTER TABLE "].contains { sql.utf8.starts(with: ($0 + name).utf8) }
        }
    }
}
