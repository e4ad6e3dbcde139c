// Code of other roles that could run even if granary only reads: see `docs/security.md`.
extension Session {
    /// Makes the server refuse users' views and foreign tables in this session, as pg_dump does: a table may have been
    /// replaced by one of these between the lookup and the read. Older servers cannot do it and are left as they are.
    package borrowing func refuseViews() throws {
        try query(
            """
            SELECT pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', false)
            WHERE pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NOT NULL
            """
        )
    }

    /// Tables that must not be named in a query. To plan it, the server evaluates constants in the expressions of their
    /// indexes and statistics, and so calls functions of their owners with the rights of a superuser. (For other roles
    /// this is no risk.) A COPY of the whole table needs no planner.
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
