// Schemas that are emptied and not dropped, because an owner without the right to create schemas could not create them
// again.
extension Session {
    /// The schemas that the role could not recreate exactly after dropping them: it may not create schemas in the
    /// database, or another role owns the schema. Also those with a table or view of an extension that is in another
    /// schema, because that extension would be dropped with them.
    ///
    /// - Parameter withExtensionsOfOthers: Whether to keep schemas with an extension that another role owns, too.
    /// - Throws: `PostgresError`.
    package borrowing func schemasToKeep(
        among schemas: [String],
        withExtensionsOfOthers: Bool = false
    ) throws -> Set<String> {
        Set(
            try query(
                """
                SELECT nspname FROM pg_catalog.pg_namespace n
                WHERE nspname = ANY ($1::pg_catalog.text[]) AND (
                    NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
                    OR NOT pg_catalog.pg_has_role(nspowner, 'USAGE')
                    OR EXISTS (SELECT FROM pg_catalog.pg_class c
                               JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                                   AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
                               JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
                               WHERE c.relnamespace = n.oid AND e.extnamespace <> n.oid)
                    OR $2 AND EXISTS (SELECT FROM pg_catalog.pg_extension
                                      WHERE extnamespace = n.oid AND NOT pg_catalog.pg_has_role(extowner, 'USAGE')))
                """,
                [QuotedText.array(schemas), String(withExtensionsOfOthers)]
            ).map { $0.text("nspname") }
        )
    }

    /// Drops all objects in a schema, with their dependents, and keeps the schema with its owner and privileges.
    ///
    /// Extensions and their objects are kept, and so are default privileges.
    ///
    /// - Throws: `PostgresError`, with SQLSTATE 42501 if another role owns an object in it.
    package borrowing func empty(schema: String) throws {
        let contents = try query(
            """
            SELECT CASE WHEN i.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE'
                        WHEN i.type = 'statistics object' THEN 'STATISTICS' ELSE pg_catalog.upper(i.type) END AS kind, i.identity
            FROM pg_catalog.pg_depend d CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
            WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.deptype = 'n'
                AND d.refobjid = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1)
                AND i.type IN (
                    'table', 'foreign table', 'view', 'materialized view', 'sequence', 'function', 'procedure', 'aggregate',
                    'type', 'operator', 'operator class', 'operator family', 'collation', 'conversion', 'statistics object',
                    'text search parser', 'text search dictionary', 'text search template', 'text search configuration')
                -- Citus hides the shards of distributed tables in pg_class, and drops them with their table.
                AND (d.classid <> 'pg_catalog.pg_class'::pg_catalog.regclass
                     OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objid))
                -- What belongs to something else goes with it, or stays with its extension.
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x
                                WHERE x.classid = d.classid AND x.objid = d.objid AND x.objsubid = 0 AND x.deptype IN ('i', 'e'))
            ORDER BY i.type IN ('table', 'foreign table') DESC, d.objid
            """,
            [schema]
        )
        // An earlier drop may have dropped it too.
        for object in contents {
            try execute("DROP \(object.text("kind")) IF EXISTS \(object.text("identity")) CASCADE")
        }
    }
}
