internal import Archive
internal import PostgresClient

extension DatabasePart {
    /// The objects that this part depends on and does not contain, from the catalog: extensions, types, functions,
    /// tables that keys or views refer to, and parents. The catalog does not know names inside function bodies.
    func needs(_ session: borrowing Session) throws -> [Manifest.Need] {
        try session.query(
            """
            WITH RECURSIVE part (classid, objid, root) AS (
                SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, oid, oid FROM pg_catalog.pg_class WHERE oid = ANY ($2::pg_catalog.oid[])
                UNION
                SELECT d.classid, d.objid, d.objid FROM pg_catalog.pg_depend d
                JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
                WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND n.nspname = ANY ($1::pg_catalog.text[])
                    AND d.deptype = 'n' AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                                    WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
                UNION
                -- Columns' defaults, constraints, indexes, triggers, owned sequences, the rule of a view: with their table.
                SELECT d.classid, d.objid, p.root FROM part p
                JOIN pg_catalog.pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid
                WHERE d.deptype IN ('a', 'i')
                    AND d.classid <> ALL (ARRAY['pg_catalog.pg_publication_rel', 'pg_catalog.pg_default_acl']::pg_catalog.regclass[]::pg_catalog.oid[])
                    AND NOT (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                             AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = d.objid))
            ), needed AS (
                SELECT DISTINCT d.refclassid, d.refobjid, p.root FROM part p
                JOIN pg_catalog.pg_depend d ON d.classid = p.classid AND d.objid = p.objid
                WHERE d.deptype IN ('n', 'a', 'i')
            ), resolved AS (
                SELECT DISTINCT r.classid, r.objid, d.root FROM needed d
                LEFT JOIN pg_catalog.pg_type t ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = d.refobjid
                LEFT JOIN pg_catalog.pg_type element ON element.oid = t.typelem AND t.typcategory = 'A'
                LEFT JOIN pg_catalog.pg_class c ON c.oid = CASE
                    WHEN d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.refobjid
                    ELSE coalesce(element.typrelid, t.typrelid) END
                LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN c.relkind = 'c' THEN 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
                                WHEN c.oid IS NOT NULL THEN 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                                ELSE d.refclassid END AS classid,
                           CASE WHEN c.relkind = 'c' THEN c.reltype
                                WHEN c.oid IS NOT NULL THEN coalesce(x.indrelid, c.oid)
                                ELSE coalesce(element.oid, d.refobjid) END AS objid
                ) r
            ), outside AS (
                SELECT coalesce(e.refclassid, r.classid) AS classid, coalesce(e.refobjid, r.objid) AS objid, r.root
                FROM resolved r
                LEFT JOIN pg_catalog.pg_depend e ON e.classid = r.classid AND e.objid = r.objid AND e.deptype = 'e'
                WHERE NOT EXISTS (SELECT FROM part p WHERE p.classid = r.classid AND p.objid = r.objid)
                    -- What initdb made is everywhere; an extension's objects may have been made by initdb too.
                    AND (r.objid >= 16384 OR e.refobjid IS NOT NULL)
            )
            SELECT i.type, coalesce(x.extname, i.identity) AS name,
                   pg_catalog.array_agg(DISTINCT o.root) AS roots
            FROM outside o
            LEFT JOIN pg_catalog.pg_extension x
                ON o.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND x.oid = o.objid
            CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i
            WHERE x.extname IS DISTINCT FROM 'plpgsql' AND o.classid = ANY (ARRAY[
                'pg_catalog.pg_class', 'pg_catalog.pg_type', 'pg_catalog.pg_proc', 'pg_catalog.pg_extension',
                'pg_catalog.pg_operator', 'pg_catalog.pg_opclass', 'pg_catalog.pg_opfamily', 'pg_catalog.pg_collation',
                'pg_catalog.pg_ts_config', 'pg_catalog.pg_ts_dict', 'pg_catalog.pg_foreign_server',
                'pg_catalog.pg_language', 'pg_catalog.pg_am']::pg_catalog.regclass[]::pg_catalog.oid[])
            GROUP BY 1, 2 ORDER BY i.type <> 'extension', 1, 2
            """,
            [QuotedText.array(schemas), "{" + relations.map(String.init).joined(separator: ",") + "}"]
        ).map { row in
            Manifest.Need(
                kind: row.text("type"),
                name: row.text("name"),
                neededBy: row.texts("roots").compactMap { UInt32($0) }.sorted()
            )
        }
    }
}

extension CatalogDetails {
    /// The extensions of the database, or those that a part needs.
    static func extensions(
        _ needs: [Manifest.Need]?,
        _ session: borrowing Session
    ) throws -> [Manifest.Extension] {
        let names = Set(exactly: (needs ?? []).filter { $0.kind == "extension" }.map(\.name))
        return try session.query(
            """
            SELECT e.extname, e.extversion, n.nspname
            FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
            WHERE e.extname <> 'plpgsql' ORDER BY e.extname
            """
        ).filter { needs == nil || names.contains($0.text("extname")) }.map {
            Manifest.Extension(name: $0.text("extname"), version: $0.text("extversion"), schema: $0.text("nspname"))
        }
    }
}
