internal import Archive
internal import PostgresClient

/// The objects that the user excluded from a backup, with the partitions and inheritance children of excluded tables.
///
/// Excluded tables are neither read nor locked, so the backup needs no privileges on them. There is one exception: if a
/// rule, a policy or an SQL body of an included object names an excluded table, the server locks that table while
/// pg_dump describes the object.
struct Exclusion: Sendable {
    var schemas: [String]
    /// Tables outside of these schemas.
    var tables: [TableName]
    /// The tables among them that are excluded because their parents are.
    var children: [TableName]
    private var oids: Set<UInt32>
    /// Views outside of these schemas that need an excluded object. pg_dump must not describe them, because that would
    /// lock the tables that they read.
    private var views: [TableName]
    /// Objects that cannot be created without an excluded object.
    private var dependents: Set<Dependent>
    /// For each table that is not excluded: its parts that need an excluded object.
    private var parts: [UInt32: Set<Dependent>]

    /// An object, identified by its catalog and its row in it.
    private struct Dependent: Hashable, Sendable {
        var catalog: UInt32
        var object: UInt32
    }

    /// Replaces the patterns of a scope by names from the catalog; nil if nothing is excluded.
    ///
    /// - Throws: `BackupError.selection` for a pattern without a match.
    static func read(
        _ scope: inout CatalogScope,
        _ tables: [TableEntry],
        schemas: [String],
        _ session: borrowing Session
    ) throws -> Exclusion? {
        guard !scope.excludedSchemas.isEmpty || !scope.excludedTables.isEmpty else { return nil }
        let excluded = try scope.excludedSchemas.flatMap { try CatalogScope.match(schema: $0, schemas) }
        let named = try scope.excludedTables.flatMap { try CatalogScope.match($0, in: tables) }
        let family = try family(of: named.map(\.oid), schemas: excluded, session)
        let inside = Set(exactly: excluded)
        let names = family.filter { !inside.contains($0.table.schema) }
        let chosen = Set(named.map(\.oid))
        (scope.excludedSchemas, scope.excludedTables) = (excluded, names.map(\.table).sorted().map(\.spelling))
        let dependents = try dependents(on: family.map(\.oid), schemas: excluded, session)
        return Exclusion(
            schemas: excluded,
            tables: names.map(\.table).sorted(),
            children: names.filter { !chosen.contains($0.oid) }.map(\.table).sorted(),
            oids: Set(family.map(\.oid)),
            views: try views(dependents, besides: excluded, session),
            dependents: dependents,
            parts: try parts(dependents, besides: family.map(\.oid), session)
        )
    }

    func keeps(_ table: TableEntry) -> Bool { !oids.contains(table.oid) && !schemas.contains(table.table.schema) }

    func keeps(_ sequence: SequenceEntry) -> Bool {
        !oids.contains(sequence.ownerTable) && !schemas.contains(sequence.name.schema)
    }

    func contains(_ relation: UInt32) -> Bool { oids.contains(relation) }

    /// The relations that pg_dump must not describe.
    var relations: [TableName] { tables + views }

    /// Notes about the choice of the user.
    var notes: [String] {
        children.isEmpty ? [] : ["left out with their parents: \(children.map(\.spelling).listed(atMost: 20))"]
    }

    /// The arguments for pg_dump.
    var arguments: [String] {
        schemas.map { "--exclude-schema=\(QuotedText.name($0))" }
            + DatabasePart.patterns(relations).map { "--exclude-table=\($0)" }
    }

    /// The items that can be created without excluded objects, and the titles of the others.
    ///
    /// - Throws: `BackupError.selection` for a table whose own statement needs an excluded object.
    func items(_ items: [Manifest.SchemaItem]) throws -> (kept: [Manifest.SchemaItem], leftOut: [String]) {
        try requireWholeTables(items)
        var (ids, titles): (Set<Int>, [String]) = ([], [])
        let kept = items.filter { item in
            let isDependent = dependents.contains(Dependent(catalog: item.catalogOID, object: item.objectOID))
            let isRemark = ["ACL", "COMMENT", "SECURITY LABEL", "INDEX ATTACH"].contains(item.kind)
            guard isDependent && !item.isTable || isRemark && item.dependsOn.contains(where: ids.contains) else {
                return true
            }
            ids.insert(item.id)
            if !isRemark {
                titles.append("\(item.kind.lowercased()) \(item.schema.map { "\($0)." } ?? "")\(item.name)")
            }
            return false
        }
        return (kept, views.map { "view \($0.spelling)" } + titles)
    }

    /// A default or a check that pg_dump describes separately can be omitted. One within CREATE TABLE cannot.
    private func requireWholeTables(_ items: [Manifest.SchemaItem]) throws {
        let described = Set(items.map { Dependent(catalog: $0.catalogOID, object: $0.objectOID) })
        let broken = items.filter { item in
            item.isTable
                && (parts[item.objectOID] ?? []).contains { $0.catalog == Self.relations || !described.contains($0) }
        }.map { TableName(schema: $0.schema ?? "", name: $0.name).spelling }
        guard !broken.isEmpty else { return }
        throw BackupError(
            .selection,
            "\(broken.listed()) \(broken.count == 1 ? "needs" : "need") what is excluded, such as the type or the default of a column",
            hint: broken.count == 1 ? "exclude it, too: --exclude-table '\(broken[0])'" : "exclude them, too"
        )
    }

    private static func family(
        of tables: [UInt32],
        schemas: [String],
        _ session: borrowing Session
    ) throws -> [(oid: UInt32, table: TableName)] {
        try session.query(
            """
            WITH RECURSIVE family (oid) AS (
                SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'f') AND (n.nspname = ANY ($1::pg_catalog.text[]) OR c.oid = ANY ($2::pg_catalog.oid[]))
                UNION
                SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN family f ON f.oid = i.inhparent
                JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relkind IN ('r', 'p', 'f')
            )
            SELECT c.oid, n.nspname, c.relname FROM family f
            JOIN pg_catalog.pg_class c ON c.oid = f.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            """,
            [QuotedText.array(schemas), array(tables)]
        ).map { (oid: $0.oid("oid"), table: TableName(schema: $0.text("nspname"), name: $0.text("relname"))) }
    }

    /// The oid of `pg_class`.
    private static let relations: UInt32 = 1259

    private static func views(
        _ dependents: Set<Dependent>,
        besides schemas: [String],
        _ session: borrowing Session
    ) throws -> [TableName] {
        try session.query(
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND c.relkind IN ('v', 'm') AND n.nspname <> ALL ($2::pg_catalog.text[])
            ORDER BY 1, 2
            """,
            [array(dependents.filter { $0.catalog == relations }.map(\.object)), QuotedText.array(schemas)]
        ).map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
    }

    /// Tables (by a column's type or a partition key), defaults and checks.
    private static func parts(
        _ dependents: Set<Dependent>,
        besides tables: [UInt32],
        _ session: borrowing Session
    ) throws -> [UInt32: Set<Dependent>] {
        let rows = try session.query(
            """
            WITH part (relid, classid, objid) AS (
                SELECT c.oid, c.tableoid, c.oid FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'f')
                UNION ALL SELECT a.adrelid, a.tableoid, a.oid FROM pg_catalog.pg_attrdef a
                UNION ALL SELECT k.conrelid, k.tableoid, k.oid FROM pg_catalog.pg_constraint k WHERE k.contype = 'c'
            )
            SELECT p.relid, p.classid, p.objid FROM part p
            JOIN ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[])) AS d (classid, objid)
                ON (d.classid, d.objid) = (p.classid, p.objid)
            WHERE p.relid <> ALL ($3::pg_catalog.oid[])
            """,
            [array(dependents.map(\.catalog)), array(dependents.map(\.object)), array(tables)]
        )
        return rows.reduce(into: [:]) {
            $0[$1.oid("relid"), default: []].insert(Dependent(catalog: $1.oid("classid"), object: $1.oid("objid")))
        }
    }

    /// Objects that directly or indirectly need one of the tables or an object in the schemas, such as views, keys and
    /// functions. The search does not continue through tables that are kept. The catalog does not know the names in
    /// bodies of functions.
    private static func dependents(
        on tables: [UInt32],
        schemas: [String],
        _ session: borrowing Session
    ) throws -> Set<Dependent> {
        Set(
            try session.query(
                """
                WITH RECURSIVE doomed (classid, objid) AS (
                    (SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, u.oid
                     FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS u (oid)
                     UNION ALL
                     SELECT n.tableoid, n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($2::pg_catalog.text[]))
                    UNION
                    SELECT coalesce(v.classid, d.classid), coalesce(v.objid, d.objid)
                    FROM doomed x
                    JOIN pg_catalog.pg_depend d ON d.refclassid = x.classid AND d.refobjid = x.objid
                    -- What a view selects is a rule of it, and columns of a composite type are those of a relation.
                    LEFT JOIN LATERAL (
                        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS classid, r.ev_class AS objid
                        FROM pg_catalog.pg_rewrite r
                        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
                            AND r.rulename = '_RETURN'
                        UNION ALL
                        SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, c.reltype FROM pg_catalog.pg_class c
                        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid AND c.relkind = 'c'
                        UNION ALL
                        SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, k.contypid FROM pg_catalog.pg_constraint k
                        WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
                            AND k.contypid <> 0
                    ) v ON true
                    WHERE d.deptype IN ('n', 'a', 'i', 'P', 'S', 'e')
                        AND d.classid <> 'pg_catalog.pg_publication_rel'::pg_catalog.regclass
                        AND NOT (x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND x.objid <> ALL ($1::pg_catalog.oid[])
                            AND EXISTS (SELECT FROM pg_catalog.pg_class t
                                        WHERE t.oid = x.objid AND t.relkind IN ('r', 'p', 'f')))
                )
                SELECT classid, objid FROM doomed
                """,
                [array(tables), QuotedText.array(schemas)]
            ).map { Dependent(catalog: $0.oid("classid"), object: $0.oid("objid")) }
        )
    }

    private static func array(_ oids: some Sequence<UInt32>) -> String {
        "{" + oids.map(String.init).joined(separator: ",") + "}"
    }
}

extension DatabasePart {
    /// Removes the excluded objects.
    mutating func leaveOut(_ exclusion: Exclusion) {
        relations = relations.filter { !exclusion.contains($0) }
        let names = Set(exclusion.tables)
        let gone = Set(exactly: exclusion.schemas)
        elsewhere.removeAll { names.contains($0) || gone.contains($0.schema) }
        excluded += exclusion.relations
    }
}

extension Manifest.SchemaItem {
    fileprivate var isTable: Bool { ["TABLE", "FOREIGN TABLE"].contains(kind) }
}
