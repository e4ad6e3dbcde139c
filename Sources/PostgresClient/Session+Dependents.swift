/// An object that `DROP … CASCADE` would drop too.
package struct FallingObject: Sendable, Equatable {
    /// The description by `pg_identify_object`: `view shop.totals`.
    package var title: String
    /// Its name, if it is a table, a sequence, a view or a foreign table.
    package var relation: TableName?
}

extension Session {
    /// The objects outside some schemas that `DROP SCHEMA … CASCADE` would drop too, described by `pg_identify_object`.
    ///
    /// Objects that belong to a dropped table are not listed separately. Follows `pg_depend` from the schemas. A
    /// constraint, default, trigger, rule or policy counts as in the schema of its table.
    ///
    /// - Parameter extensionsStay: The schemas are emptied and not dropped, so extensions in them are kept.
    /// - Throws: `PostgresError`.
    package borrowing func objects(
        thatFallWith schemas: [String],
        extensionsStay: Bool = false
    ) throws -> [FallingObject] {
        try query(
            """
            WITH RECURSIVE doomed (classid, objid) AS (
                SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid, oid FROM pg_catalog.pg_namespace
                WHERE nspname = ANY ($1::pg_catalog.text[])
                UNION
                SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
                JOIN doomed x ON d.refclassid = x.classid AND d.refobjid = x.objid
                WHERE d.deptype IN ('n', 'a', 'i', 'P', 'S')
                    AND NOT ($2 AND (d.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                        OR EXISTS (SELECT FROM pg_catalog.pg_depend e
                                   WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')))
            ), placed AS (
                SELECT d.classid, d.objid, coalesce(
                    (SELECT relnamespace FROM pg_catalog.pg_class WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
                     WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid),
                    (SELECT t.typnamespace FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
                     WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_class c ON c.oid = a.adrelid
                     WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
                     WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
                     WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND g.oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
                     WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid),
                    (SELECT n.oid FROM pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
                     JOIN pg_catalog.pg_namespace n ON pg_catalog.quote_ident(n.nspname) = i.schema)) AS namespace,
                    coalesce(
                        (SELECT conrelid FROM pg_catalog.pg_constraint
                         WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND oid = d.objid),
                        (SELECT adrelid FROM pg_catalog.pg_attrdef
                         WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND oid = d.objid),
                        (SELECT tgrelid FROM pg_catalog.pg_trigger
                         WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND oid = d.objid),
                        (SELECT polrelid FROM pg_catalog.pg_policy
                         WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND oid = d.objid),
                        (SELECT indrelid FROM pg_catalog.pg_index
                         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND indexrelid = d.objid),
                        (SELECT coalesce(e.typrelid, t.typrelid) FROM pg_catalog.pg_type t
                         LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
                         WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = d.objid)) AS holder
                FROM doomed d
                WHERE d.classid <> 'pg_catalog.pg_namespace'::pg_catalog.regclass
                    AND NOT (d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
                             AND EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.oid = d.objid AND g.tgisinternal))
            )
            SELECT DISTINCT i.type || ' ' || i.identity AS title, rn.nspname AS schema, r.relname AS name
            FROM placed p
            LEFT JOIN pg_catalog.pg_class r
                ON p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = p.objid AND r.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
            LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.namespace
            LEFT JOIN pg_catalog.pg_rewrite v
                ON p.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND v.oid = p.objid AND v.rulename = '_RETURN'
            -- What a view selects is a rule in the catalog, and a view to whoever reads this.
            CROSS JOIN LATERAL pg_catalog.pg_identify_object(
                CASE WHEN v.oid IS NULL THEN p.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END,
                coalesce(v.ev_class, p.objid), 0) i
            WHERE NOT EXISTS (SELECT FROM doomed x
                              WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = p.holder)
                AND ((n.nspname IS NULL AND p.classid NOT IN (
                       'pg_catalog.pg_amop'::pg_catalog.regclass, 'pg_catalog.pg_amproc'::pg_catalog.regclass, 'pg_catalog.pg_default_acl'::pg_catalog.regclass,
                       'pg_catalog.pg_publication_rel'::pg_catalog.regclass, 'pg_catalog.pg_cast'::pg_catalog.regclass))
                OR (n.nspname <> ALL ($1::pg_catalog.text[]) AND n.nspname !~ '^pg_toast'))
            ORDER BY 1
            """,
            [QuotedText.array(schemas), String(extensionsStay)]
        ).map { row in
            FallingObject(
                title: row.text("title"),
                relation: row["name"].map { TableName(schema: row.text("schema"), name: $0) }
            )
        }
    }
}
