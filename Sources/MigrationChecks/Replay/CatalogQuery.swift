/// The SQL query for a `CatalogShape`.
///
/// Each row has the `kind` and `name` of an object, its `parent`, `definition` and `expression`. OIDs below 16384
/// (`FirstNormalObjectId`) belong to the thousands of objects that initdb creates.
enum CatalogQuery {
    /// The query, without the objects that extensions and initdb create.
    static var text: String {
        """
        WITH own AS (
            SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        ), relation AS (
            SELECT c.*, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, CASE c.relkind WHEN 'r' THEN 'table'
                WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'index' END AS kind,
                CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::pg_catalog."char" AS holder
            FROM pg_catalog.pg_class c JOIN own n ON n.oid = c.relnamespace
            WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c', 'i', 'I')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
        )
        SELECT 'schema' AS kind, pg_catalog.quote_ident(nspname) AS name, '' AS parent,
            pg_catalog.concat_ws(E'\\n', 'owner ' || nspowner::pg_catalog.regrole,
                \(privileges("nspacl", "'n'", "nspowner"))) AS definition, NULL::pg_catalog.text AS expression
        FROM own
        UNION ALL
        SELECT kind, name, CASE WHEN relkind IN ('i', 'I') THEN (SELECT pg_catalog.format('table %s', i.indrelid::pg_catalog.regclass)
                FROM pg_catalog.pg_index i WHERE i.indexrelid = r.oid)
            ELSE pg_catalog.format('schema %I', (SELECT nspname FROM own WHERE own.oid = relnamespace)) END,
            pg_catalog.concat_ws(E'\\n', 'owner ' || relowner::pg_catalog.regrole, \(privileges("relacl", "holder", "relowner")),
                'options ' || reloptions::pg_catalog.text, 'persistence ' || relpersistence::pg_catalog.text,
                CASE WHEN relrowsecurity THEN 'row security' END, CASE WHEN relforcerowsecurity THEN 'forced row security' END,
                CASE WHEN relkind IN ('r', 'p') THEN 'replica identity ' || relreplident::pg_catalog.text END,
                CASE WHEN relkind = 'p' THEN pg_catalog.pg_get_partkeydef(oid) END, pg_catalog.pg_get_expr(relpartbound, oid),
                CASE WHEN relkind IN ('i', 'I') THEN (SELECT CASE WHEN i.indisvalid THEN '' ELSE 'INVALID' END
                    || CASE WHEN i.indisclustered THEN ' clustered' ELSE '' END
                    FROM pg_catalog.pg_index i WHERE i.indexrelid = r.oid) END,
                (SELECT 'inherits ' || pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY i.inhseqno)
                    FROM pg_catalog.pg_inherits i WHERE i.inhrelid = r.oid AND relkind NOT IN ('i', 'I')),
                (SELECT pg_catalog.concat_ws(' ', pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                    s.seqcycle) FROM pg_catalog.pg_sequence s WHERE s.seqrelid = r.oid)),
            CASE WHEN relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(oid)
                WHEN relkind IN ('i', 'I') THEN pg_catalog.pg_get_indexdef(oid) END
        FROM relation r
        UNION ALL
        SELECT 'column', pg_catalog.format('%s.%I', r.name, a.attname), pg_catalog.format('%s %s', r.kind, r.name),
            pg_catalog.concat_ws(E'\\n', pg_catalog.format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END,
                'identity ' || nullif(a.attidentity::pg_catalog.text, ''),
                'generated ' || nullif(a.attgenerated::pg_catalog.text, ''), 'storage ' || a.attstorage::pg_catalog.text,
                'compression ' || nullif(a.attcompression::pg_catalog.text, ''), 'statistics ' || nullif(coalesce(a.attstattarget, -1), -1),
                'collation ' || nullif(a.attcollation, t.typcollation)::regcollation, 'privileges ' || a.attacl::pg_catalog.text,
                -- Some builds of the server keep a version of their own there, which pg_dump does not show either.
                'options ' || (SELECT pg_catalog.array_agg(o)::pg_catalog.text FROM pg_catalog.unnest(a.attoptions) o
                    WHERE o !~ '^pg_attver=')),
            'default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
        FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
        UNION ALL
        SELECT 'constraint', pg_catalog.concat(CASE WHEN c.conrelid <> 0 THEN c.conrelid::pg_catalog.regclass::pg_catalog.text
                ELSE c.contypid::pg_catalog.regtype::pg_catalog.text END, '.', pg_catalog.quote_ident(c.conname)),
            CASE WHEN c.conrelid <> 0 THEN 'table ' || c.conrelid::pg_catalog.regclass ELSE 'type ' || c.contypid::pg_catalog.regtype END,
            '', pg_catalog.pg_get_constraintdef(c.oid)
        FROM pg_catalog.pg_constraint c JOIN own n ON n.oid = c.connamespace
        WHERE c.contype <> 'n' AND c.oid >= 16384
            -- Citus hides the shards of its tables in pg_class.
            AND (c.conrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class r WHERE r.oid = c.conrelid))
        UNION ALL
        SELECT 'trigger', pg_catalog.format('%s.%I', r.name, t.tgname), pg_catalog.format('%s %s', r.kind, r.name),
            'enabled ' || t.tgenabled::pg_catalog.text, pg_catalog.pg_get_triggerdef(t.oid)
        FROM pg_catalog.pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'rule', pg_catalog.format('%s.%I', r.name, w.rulename), pg_catalog.format('%s %s', r.kind, r.name), pg_catalog.pg_get_ruledef(w.oid), NULL
        FROM pg_catalog.pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
        UNION ALL
        SELECT 'policy', pg_catalog.format('%s.%I', r.name, p.polname), pg_catalog.format('%s %s', r.kind, r.name),
            pg_catalog.concat_ws(E'\\n', p.polcmd, p.polpermissive, p.polroles::pg_catalog.regrole[]::pg_catalog.text, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)), NULL
        FROM pg_catalog.pg_policy p JOIN relation r ON r.oid = p.polrelid
        UNION ALL
        SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, p.oid::pg_catalog.regprocedure::pg_catalog.text,
            pg_catalog.format('schema %I', n.nspname), pg_catalog.concat_ws(E'\\n', 'owner ' || p.proowner::pg_catalog.regrole, \(privileges("p.proacl", "'f'", "p.proowner")),
                CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid) END), NULL
        FROM pg_catalog.pg_proc p JOIN own n ON n.oid = p.pronamespace
        WHERE p.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT 'type', t.oid::pg_catalog.regtype::pg_catalog.text, pg_catalog.format('schema %I', n.nspname),
            pg_catalog.concat_ws(E'\\n', 'owner ' || t.typowner::pg_catalog.regrole, \(privileges("t.typacl", "'T'", "t.typowner")),
                (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                    FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
                CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
                CASE WHEN t.typnotnull THEN 'NOT NULL' END, 'default ' || t.typdefault,
                (SELECT r.rngsubtype::pg_catalog.regtype::pg_catalog.text FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)),
            NULL
        FROM pg_catalog.pg_type t JOIN own n ON n.oid = t.typnamespace
        WHERE t.oid >= 16384 AND t.typtype IN ('e', 'd', 'r', 'b') AND t.typcategory <> 'A' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT 'extension', pg_catalog.quote_ident(extname), '', extversion, NULL FROM pg_catalog.pg_extension
        UNION ALL
        SELECT 'default privileges', pg_catalog.format('of %s in %s on %s', d.defaclrole::pg_catalog.regrole, d.defaclnamespace::pg_catalog.regnamespace,
            d.defaclobjtype), '', d.defaclacl::pg_catalog.text, NULL FROM pg_catalog.pg_default_acl d
        UNION ALL
        SELECT 'comment on', o.type || ' ' || o.identity, CASE WHEN o.type IN ('table', 'view', 'type', 'schema', 'sequence')
            THEN o.type || ' ' || o.identity WHEN o.type LIKE '% column' THEN 'column ' || o.identity
            ELSE o.type || ' ' || o.identity END, c.description, NULL
        FROM pg_catalog.pg_description c, LATERAL pg_catalog.pg_identify_object(c.classoid, c.objoid, c.objsubid) o
        WHERE c.objoid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = c.classoid AND d.objid = c.objoid AND d.deptype = 'e')
        UNION ALL
        SELECT o.type, o.identity, '', coalesce(CASE WHEN x.class = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
            THEN pg_catalog.pg_get_statisticsobjdef(x.oid) END, ''), NULL
        FROM (\(Self.others.map { "SELECT '\($0)'::pg_catalog.regclass AS class, oid FROM \($0)" }.joined(separator: " UNION ALL "))) x,
            LATERAL pg_catalog.pg_identify_object(x.class, x.oid, 0) o
        WHERE x.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = x.class AND d.objid = x.oid AND d.deptype IN ('e', 'i'))
        """
    }

    /// One line for each privilege beyond the owner's default privileges, and for each of these that is missing; NULL if
    /// there is none. An object without an access list has the defaults. GRANT and REVOKE write them into a list, which
    /// is not a difference.
    private static func privileges(_ list: String, _ kind: String, _ owner: String) -> String {
        let defaults = "pg_catalog.acldefault(\(kind), \(owner))"
        return """
            CASE WHEN \(list) IS NOT NULL THEN (
                SELECT pg_catalog.string_agg(CASE WHEN a = ANY (\(list)) THEN 'privilege ' ELSE 'no privilege ' END
                    || a::pg_catalog.text, E'\\n' ORDER BY a::pg_catalog.text)
                FROM pg_catalog.unnest(\(list) || \(defaults)) a
                WHERE NOT (a = ANY (\(list)) AND a = ANY (\(defaults)))) END
            """
    }

    /// Catalogs whose objects are compared by their existence only.
    private static let others = [
        "operator", "opclass", "opfamily", "cast", "conversion", "ts_config", "ts_dict", "ts_parser", "ts_template",
        "collation", "foreign_data_wrapper", "foreign_server", "publication", "publication_rel", "event_trigger",
        "language", "am", "statistic_ext", "largeobject_metadata",
    ].map { "pg_catalog.pg_\($0)" }
}
