// What runs with our rights although we only read: see `docs/security.md`.
extension Session {
    /// Has the server refuse the views and foreign tables of users in this session, as pg_dump does: what was a table when
    /// it was looked up may have been replaced before it is read. Servers that cannot do it are left as they are.
    package borrowing func refuseViews() throws {
        try query(
            """
            SELECT pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', false)
            WHERE pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NOT NULL
            """
        )
    }

    /// Tables that must not be named in a query: to plan it, the server works out what is constant in the expressions of
    /// their indexes and statistics, and so calls functions of their owners with the rights of a superuser: other
    /// roles have little that an owner could want. A COPY of the whole table plans nothing.
    package borrowing func tablesThatRunCode() throws -> Set<UInt32> {
        Set(
            try query(
                """
                SELECT DISTINCT t.relation FROM (
                    SELECT i.indrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
                    FROM pg_catalog.pg_index i WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
                    UNION ALL
                    SELECT s.stxrelid, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid
                    FROM pg_catalog.pg_statistic_ext s) AS t (relation, catalog, object)
                JOIN pg_catalog.pg_depend d ON d.classid = t.catalog AND d.objid = t.object AND d.refobjid >= 16384
                LEFT JOIN pg_catalog.pg_proc p ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.refobjid
                LEFT JOIN pg_catalog.pg_operator o
                    ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = d.refobjid
                LEFT JOIN pg_catalog.pg_type y
                    ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND y.oid = d.refobjid AND y.typtype = 'd'
                JOIN pg_catalog.pg_roles r ON r.oid = coalesce(p.proowner, o.oprowner, y.typowner)
                WHERE NOT r.rolsuper AND EXISTS (
                    SELECT FROM pg_catalog.pg_roles me WHERE me.rolname = current_user AND me.rolsuper)
                """
            ).map { $0.oid("relation") }
        )
    }
}
