internal import Archive
internal import PostgresClient

/// The part of an archive that is asked for.
struct Selection: Sendable {
    let items: [Manifest.SchemaItem]
    /// All tables in it, those without rows of their own included.
    let tables: [Manifest.Table]
    let sequences: [Manifest.Sequence]
    let largeObjects: Manifest.LargeObjects?
    let isWholeDatabase: Bool

    /// Tables whose rows are the target's own: the marker, which says what the database may be used for, and where rows
    /// alone come back the ledger too, which speaks of the schema that stays.
    private let notOurs: Set<TableName>

    /// - Throws: `RestoreError.selection` naming a schema or table that is not in the archive.
    init(_ manifest: Manifest, _ options: RestoreOptions) throws {
        notOurs = Set(
            (options.dataOnly ? ["environment", "migrations", "migration_log"] : ["environment"])
                .map { TableName(schema: options.stateSchema, name: $0) }
        )
        let schemas = Set(exactly: options.schemas)
        let wantedTables = Selection.withPartitions(
            try options.tables.map { try Selection.match($0.table, in: manifest.tables) },
            manifest
        )
        for schema in options.schemas where !Set(exactly: manifest.schemas).contains(schema) {
            throw RestoreError(
                .selection,
                "the archive has no schema \(schema)",
                hint: "it has \(manifest.schemas.joined(separator: ", "))"
            )
        }
        isWholeDatabase = schemas.isEmpty && wantedTables.isEmpty && manifest.scope.isWholeDatabase
        guard !schemas.isEmpty || !wantedTables.isEmpty else {
            items = manifest.schema
            tables = manifest.tables
            sequences = manifest.sequences.filter { !options.dataOnly || $0.schema != options.stateSchema }
            largeObjects = manifest.largeObjects
            return
        }
        let numbers = Set(wantedTables.map(\.number))
        tables = manifest.tables.filter { table in
            table.extensionName == nil && (numbers.contains(table.number) || schemas.contains(table.schema))
        }
        let inTables = Selection.items(of: wantedTables, in: manifest.schema)
        let selected = manifest.schema.filter { item in
            item.schema.map { schemas.contains($0) } == true || item.isAbout(schemas) || inTables.contains(item.id)
        }
        items = selected
        let oids = Set(selected.filter { $0.kind == "SEQUENCE" }.map(\.objectOID))
        sequences = manifest.sequences.filter { sequence in
            oids.contains(sequence.oid) && !(options.dataOnly && sequence.schema == options.stateSchema)
        }
        largeObjects = nil
    }

    private init(
        items: [Manifest.SchemaItem],
        tables: [Manifest.Table],
        sequences: [Manifest.Sequence],
        largeObjects: Manifest.LargeObjects?,
        isWholeDatabase: Bool,
        notOurs: Set<TableName>
    ) {
        self.notOurs = notOurs
        self.items = items
        self.tables = tables
        self.sequences = sequences
        self.largeObjects = largeObjects
        self.isWholeDatabase = isWholeDatabase
    }

    /// The same without the configuration tables of extensions, whose rows cannot be told from the extensions' own.
    var leavingOutExtensions: Selection {
        Selection(
            items: items,
            tables: tables.filter { $0.extensionName == nil },
            sequences: sequences,
            largeObjects: largeObjects,
            isWholeDatabase: isWholeDatabase,
            notOurs: notOurs
        )
    }

    /// Tables whose rows are in the archive and are to be loaded.
    var tablesWithRows: [Manifest.Table] {
        tables.filter { table in
            table.kind == .ordinary && !table.dataLeftOut && !notOurs.contains(table.tableName)
        }
    }

    var rows: Int { tablesWithRows.reduce(0) { $0 + $1.rows } }
    var rawBytes: Int { tablesWithRows.reduce(largeObjects?.rawBytes ?? 0) { $0 + $1.rawBytes } }

    /// The table that a person means by `schema.table` or `table`.
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

    /// `tables` and the partitions of those that have some, at every level.
    private static func withPartitions(_ tables: [Manifest.Table], _ manifest: Manifest) -> [Manifest.Table] {
        let oids = Dictionary(
            manifest.schema.filter { $0.kind == "TABLE" }.map { ($0.id, $0.objectOID) },
            uniquingKeysWith: { first, _ in first }
        )
        let byName = Dictionary(manifest.tables.map { ($0.tableName, $0.oid) }, uniquingKeysWith: { first, _ in first })
        // pg_dump attaches a partition in an item of its own, which has its name and depends on both.
        let attached = manifest.schema.filter { $0.kind == "TABLE ATTACH" }.compactMap { item in
            byName[TableName(schema: item.schema ?? "", name: item.name)].map { child in
                (child: child, parents: Set(item.dependsOn.compactMap { oids[$0] }).subtracting([child]))
            }
        }
        var wanted = Set(tables.map(\.oid))
        var count = 0
        while count != wanted.count {
            count = wanted.count
            for (child, parents) in attached where !parents.isDisjoint(with: wanted) { wanted.insert(child) }
        }
        return manifest.tables.filter { wanted.contains($0.oid) }
    }

    /// Kinds that belong to a table and go with it.
    private static let companions: Set<String> = [
        "SEQUENCE", "SEQUENCE OWNED BY", "DEFAULT", "CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT", "INDEX",
        "INDEX ATTACH", "TRIGGER", "POLICY", "ROW SECURITY", "RULE", "ACL", "COMMENT", "STATISTICS", "TABLE ATTACH",
        "SECURITY LABEL",
    ]

    /// The items of `tables`: what makes them, and what depends on nothing but them.
    private static func items(of tables: [Manifest.Table], in schema: [Manifest.SchemaItem]) -> Set<Int> {
        let oids = Set(tables.map(\.oid))
        var ids = Set(schema.filter { $0.kind == "TABLE" && oids.contains($0.objectOID) }.map(\.id))
        let others = Set(schema.filter { $0.kind == "TABLE" }.map(\.id)).subtracting(ids)
        for item in schema where companions.contains(item.kind) {
            let isOurs = item.dependsOn.contains { ids.contains($0) }
            // A foreign key depends on both its tables; it belongs to the one that its statement alters.
            let belongs =
                item.kind == "FK CONSTRAINT"
                ? tables.contains { item.alters($0.tableName) }
                : !item.dependsOn.contains { others.contains($0) }
            if isOurs && belongs { ids.insert(item.id) }
        }
        return ids
    }
}

extension Manifest.SchemaItem {
    /// Whether it makes, comments on or gives away one of `schemas`; what lies in them is another matter.
    func isAbout(_ schemas: Set<ExactText>) -> Bool {
        guard schema == nil else { return false }
        let start = "SCHEMA "
        return kind == "SCHEMA"
            ? schemas.contains(name)
            : name.utf8.starts(with: start.utf8) && schemas.contains(String(name.unicodeScalars.dropFirst(start.count)))
    }

    /// pg_dump quotes names where it must, and its tags do not tell a table `a b` from a table `a`.
    fileprivate func alters(_ table: TableName) -> Bool {
        let names = [table.schema, QuotedText.name(table.schema)].flatMap { schema in
            [table.name, QuotedText.name(table.name)].map { "\(schema).\($0)\n" }
        }
        return names.contains { name in
            ["ALTER TABLE ONLY ", "ALTER TABLE "].contains { sql.utf8.starts(with: ($0 + name).utf8) }
        }
    }
}
