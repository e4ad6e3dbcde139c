// Schemas that are emptied and not dropped: whoever owns a schema and may not make one would not get it back.
extension Session {
    /// Those of some schemas that the role could not make anew just as they are, after it had dropped them: it may not
    /// create schemas in the database, or the schema is another's.
    ///
    /// - Parameter withExtensionsOfOthers: Those with an extension in them that is another's are kept, too.
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
                    OR $2 AND EXISTS (SELECT FROM pg_catalog.pg_extension
                                      WHERE extnamespace = n.oid AND NOT pg_catalog.pg_has_role(extowner, 'USAGE')))
                """,
                [QuotedText.array(schemas), String(withExtensionsOfOthers)]
            ).map { $0.text("nspname") }
        )
    }

    /// Drops all that lies in a schema, with what depends on it, and leaves the schema with its owner and privileges.
    ///
    /// What an extension has brought stays, and so do default privileges.
    ///
    /// - Throws: `PostgresError`, with the SQLSTATE 42501 where something in it is another's.
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
                -- What belongs to something else goes with it, or stays with its extension.
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x
                                WHERE x.classid = d.classid AND x.objid = d.objid AND x.objsubid = 0 AND x.deptype IN ('i', 'e'))
            ORDER BY i.type IN ('table', 'foreign table') DESC, d.objid
            """,
            [schema]
        )
        // Each may have gone with one before it.
        for object in contents {
            try execute("DROP \(object.text("kind")) IF EXISTS \(object.text("identity")) CASCADE")
        }
    }
}
