internal import Archive
internal import PostgresClient

/// Objects that the selected ones depend on, and that the restore does not create.
struct PartNeeds: Sendable {
    let all: [Need]

    struct Need: Sendable, Hashable {
        /// From `pg_identify_object`.
        var kind: String
        /// In SQL syntax.
        var name: String
        /// For people.
        var title: String

        init(kind: String, name: String, title: String? = nil) {
            self.kind = kind
            self.name = name
            self.title = title ?? "\(kind) \(name)"
        }

        init(table: TableName) {
            self.init(
                kind: "table",
                name: "\(QuotedText.name(table.schema)).\(QuotedText.name(table.name))",
                title: "table \(table.spelling)"
            )
        }

        /// Whether the database has the object; true for kinds that cannot be looked up by name.
        func isThere(_ session: borrowing Session) throws -> Bool {
            let question: String
            switch kind {
            case "extension": question = "EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1)"
            case "table", "view", "materialized view", "foreign table", "sequence":
                // Not to_regclass(): it fails if the role may not use the schema.
                question = """
                    EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = (pg_catalog.parse_ident($1))[1] AND c.relname = (pg_catalog.parse_ident($1))[2])
                    """
            case "type", "composite type", "domain": question = "pg_catalog.to_regtype($1) IS NOT NULL"
            case "function", "procedure": question = "pg_catalog.to_regprocedure($1) IS NOT NULL"
            default: return true
            }
            do {
                return try session.query("SELECT \(question) AS there", [name])[0].bool("there")
            } catch let error as PostgresError where error.code == .server && !session.isInTransaction {
                // Before PostgreSQL 16, a function with an argument of a missing type is an error.
                return false
            }
        }
    }

    init(_ manifest: Manifest, _ selection: Selection) {
        guard !selection.isWholeDatabase else {
            all = []
            return
        }
        let attached = Self.partitions(manifest, selection)
        all = Self.recorded(manifest, selection, attached) + Self.unselected(manifest, selection, attached)
    }

    /// The selected tables that are partitions, by oid, with their parents. A partition can be created without its
    /// parent.
    private static func partitions(_ manifest: Manifest, _ selection: Selection) -> [UInt32: TableName] {
        let parents = manifest.parents
        let attached = Set(
            manifest.schema.filter { $0.kind == "TABLE ATTACH" }.map {
                TableName(schema: $0.schema ?? "", name: $0.name)
            }
        )
        var partitions: [UInt32: TableName] = [:]
        for table in selection.tables where attached.contains(table.tableName) {
            partitions[table.oid] = parents[table.tableName]?.first
        }
        return partitions
    }

    /// The needs that a backup of a part has recorded, for the selected objects.
    private static func recorded(
        _ manifest: Manifest,
        _ selection: Selection,
        _ partitions: [UInt32: TableName]
    ) -> [Need] {
        let selected = Set(selection.items.map(\.objectOID) + selection.tables.map(\.oid)).subtracting([0])
        return (manifest.needs ?? []).compactMap { need in
            let concerned = need.neededBy.filter(selected.contains)
            let unquoted = need.name.filter { $0 != "\"" }
            let isParent = concerned.allSatisfy { oid in
                partitions[oid].map { $0.description.filter { $0 != "\"" } == unquoted } ?? false
            }
            return concerned.isEmpty || isParent ? nil : Need(kind: need.kind, name: need.name)
        }
    }

    /// Objects that are in the archive but not selected.
    private static func unselected(
        _ manifest: Manifest,
        _ selection: Selection,
        _ partitions: [UInt32: TableName]
    ) -> [Need] {
        let ids = Set(selection.items.map(\.id))
        let others = Dictionary(
            manifest.schema.filter { !ids.contains($0.id) }.map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var needed: Set<Int> = []
        for item in selection.items where item.kind != "TABLE ATTACH" && item.kind != "INDEX ATTACH" {
            for id in item.dependsOn {
                guard let other = others[id] else { continue }
                if let parent = partitions[item.objectOID], other.isNamed(parent) { continue }
                needed.insert(other.id)
            }
        }
        return manifest.schema.filter { needed.contains($0.id) }.compactMap(\.need)
    }
}

extension Manifest.SchemaItem {
    /// nil for kinds that nothing depends on, and for those whose table is listed anyway.
    fileprivate var need: PartNeeds.Need? {
        let table = TableName(schema: schema ?? "", name: name)
        let quoted = PartNeeds.Need(table: table).name
        switch kind {
        case "EXTENSION": return PartNeeds.Need(kind: "extension", name: name)
        case "TABLE": return PartNeeds.Need(table: table)
        case "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "TYPE", "DOMAIN":
            return PartNeeds.Need(
                kind: kind.lowercased(),
                name: quoted,
                title: "\(kind.lowercased()) \(table.spelling)"
            )
        case "FUNCTION", "PROCEDURE", "AGGREGATE":
            // The statement that sets its owner includes its arguments.
            guard let signature = ownable?.dropFirst(kind.count + 1) else { return nil }
            return PartNeeds.Need(kind: kind.lowercased(), name: String(signature))
        case "SERVER", "COLLATION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "TEXT SEARCH CONFIGURATION",
            "TEXT SEARCH DICTIONARY", "PROCEDURAL LANGUAGE":
            return PartNeeds.Need(kind: kind.lowercased(), name: schema == nil ? name : table.spelling)
        default: return nil
        }
    }
}
