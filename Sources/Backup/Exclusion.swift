internal import Archive
internal import PostgresClient

/// What is left out of a backup on request, with the partitions and inheritance children of its tables: neither locked
/// nor read, so that it needs no rights.
struct Exclusion: Sendable {
    var schemas: [String]
    /// Tables outside of these schemas.
    var tables: [TableName]
    private var oids: Set<UInt32>
    /// Views outside that need them: pg_dump is not to describe these, since that locks what they read.
    private var views: [TableName]
    /// Objects outside that cannot be made without them, by the catalog and the row in it.
    private var dependents: Set<Dependent>

    private struct Dependent: Hashable, Sendable {
        var catalog: UInt32
        var object: UInt32
    }

    /// Holds the patterns of a scope against the catalog, and puts the names in their place; nil where there are none.
    ///
    /// - Throws: `BackupError.selection` for a pattern that fits nothing.
    static func read(
        _ scope: inout CatalogScope,
        _ tables: [TableEntry],
        schemas: [String],
        _ session: borrowing Session
    ) throws -> Exclusion? {
        guard !scope.excludedSchemas.isEmpty || !scope.excludedTables.isEmpty else { return nil }
        let excluded = try scope.excludedSchemas.flatMap { try BackupCatalog.match(schema: $0, schemas) }
        let named = try scope.excludedTables.flatMap { try BackupCatalog.match($0, in: tables) }
        let family = try family(of: named.map(\.oid), schemas: excluded, session)
        let inside = Set(exactly: excluded)
        let names = family.filter { !inside.contains($0.table.schema) }.map(\.table).sorted()
        (scope.excludedSchemas, scope.excludedTables) = (excluded, names.map(\.spelling))
        let dependents = try dependents(on: family.map(\.oid), session)
        return Exclusion(
            schemas: excluded,
            tables: names,
            oids: Set(family.map(\.oid)),
            views: try views(dependents.filter { $0.catalog == relations }.map(\.object), session),
            dependents: dependents
        )
    }

    func keeps(_ table: TableEntry) -> Bool { !oids.contains(table.oid) && !schemas.contains(table.table.schema) }

    func keeps(_ sequence: SequenceEntry) -> Bool {
        !oids.contains(sequence.ownerTable) && !schemas.contains(sequence.name.schema)
    }

    func contains(_ relation: UInt32) -> Bool { oids.contains(relation) }

    /// What pg_dump is not to describe.
    var relations: [TableName] { tables + views }

    /// For pg_dump, which locks and describes the rest alone.
    var arguments: [String] {
        schemas.map { "--exclude-schema=\(QuotedText.name($0))" }
            + DatabasePart.patterns(relations).map { "--exclude-table=\($0)" }
    }

    /// The items that can be made without what is left out, and the titles of the others.
    func items(_ items: [Manifest.SchemaItem]) -> (kept: [Manifest.SchemaItem], leftOut: [String]) {
        var (ids, titles): (Set<Int>, [String]) = ([], [])
        let kept = items.filter { item in
            let isDependent = dependents.contains(Dependent(catalog: item.catalogOID, object: item.objectOID))
            let isRemark = ["ACL", "COMMENT", "SECURITY LABEL", "INDEX ATTACH"].contains(item.kind)
            guard isDependent && item.kind != "TABLE" || isRemark && item.dependsOn.contains(where: ids.contains) else {
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
            [QuotedText.array(schemas), "{" + tables.map(String.init).joined(separator: ",") + "}"]
        ).map { (oid: $0.oid("oid"), table: TableName(schema: $0.text("nspname"), name: $0.text("relname"))) }
    }

    /// The oid of `pg_class`.
    private static let relations: UInt32 = 1259

    private static func views(_ objects: [UInt32], _ session: borrowing Session) throws -> [TableName] {
        try session.query(
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND c.relkind IN ('v', 'm') ORDER BY 1, 2
            """,
            ["{" + objects.map(String.init).joined(separator: ",") + "}"]
        ).map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
    }

    /// Views, keys, functions and what else the catalog says needs one of the tables, at any distance. What the body of a
    /// function names, the catalog does not know.
    private static func dependents(on tables: [UInt32], _ session: borrowing Session) throws -> Set<Dependent> {
        Set(
            try session.query(
                """
                WITH RECURSIVE doomed (classid, objid) AS (
                    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, u.oid
                    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS u (oid)
                    UNION
                    SELECT coalesce(v.classid, d.classid), coalesce(v.objid, d.objid)
                    FROM doomed x
                    JOIN pg_catalog.pg_depend d ON d.refclassid = x.classid AND d.refobjid = x.objid
                    -- What a view selects is a rule of it.
                    LEFT JOIN LATERAL (
                        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS classid, r.ev_class AS objid
                        FROM pg_catalog.pg_rewrite r
                        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
                            AND r.rulename = '_RETURN'
                    ) v ON true
                    WHERE d.deptype IN ('n', 'a', 'i', 'P', 'S')
                        AND d.classid <> 'pg_catalog.pg_publication_rel'::pg_catalog.regclass
                )
                SELECT classid, objid FROM doomed
                """,
                ["{" + tables.map(String.init).joined(separator: ",") + "}"]
            ).map { Dependent(catalog: $0.oid("classid"), object: $0.oid("objid")) }
        )
    }
}
