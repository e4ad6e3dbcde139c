internal import PostgresClient

/// Every object of a database and what it is made of, without its rows: what a down must bring back.
///
/// Neither oids nor the order of columns are part of it: a column that comes back comes last.
struct CatalogShape: Sendable, Equatable {
    /// An object, as people name it.
    struct Object: Hashable, Comparable, CustomStringConvertible {
        /// `table`, `column`, `index`.
        var kind: String
        var name: String

        static func < (a: Object, b: Object) -> Bool { (a.kind, a.name) < (b.kind, b.name) }
        var description: String { "\(kind) \(name)" }
    }

    struct Facts: Hashable {
        /// The table, type or schema that it is a part of, and goes with.
        var parent: String
        var definition: String
    }

    private var objects: [Object: Facts] = [:]

    /// - Throws: `PostgresError`.
    static func read(_ session: borrowing Session) throws -> CatalogShape {
        var shape = CatalogShape()
        for row in try session.query(query) {
            shape.objects[Object(kind: row.text("kind"), name: row.text("name"))] = Facts(
                parent: row.text("parent"),
                definition: row.text("definition")
            )
        }
        return shape
    }
}

// What is different.
extension CatalogShape {
    struct Difference: Sendable, Equatable {
        var left: [String] = []
        var missing: [String] = []
        var changed: [String] = []

        var isEmpty: Bool { left.isEmpty && missing.isEmpty && changed.isEmpty }

        /// A clause for each way to differ, of at most so many objects.
        var clauses: [String] {
            [("leaves behind", left), ("does not bring back", missing), ("brings back otherwise", changed)]
                .filter { !$0.1.isEmpty }
                .map { verb, names in
                    let more = names.count > 4 ? " and \(names.count - 4) more" : ""
                    return "\(verb) \(names.prefix(4).joined(separator: ", "))\(more)"
                }
        }
    }

    /// How the database is now, held against how it was.
    func difference(from before: CatalogShape) -> Difference {
        var difference = Difference()
        let left = objects.filter { before.objects[$0.key] == nil }
        let missing = before.objects.filter { objects[$0.key] == nil }
        difference.left = Self.roots(left)
        difference.missing = Self.roots(missing)
        difference.changed = objects.compactMap { object, now in
            guard let old = before.objects[object], old != now else { return nil }
            return Self.change(object, old.definition, now.definition)
        }.sorted()
        return difference
    }

    /// Without the parts of what is named itself.
    private static func roots(_ objects: [Object: Facts]) -> [String] {
        let names = Set(objects.keys.map(\.description))
        return objects.filter { !names.contains($0.value.parent) }.keys.sorted().map(\.description)
    }

    /// What of a definition changed, where it is short enough to be read in a sentence.
    private static func change(_ object: Object, _ old: String, _ new: String) -> String {
        let (old, new) = (old.split(separator: "\n"), new.split(separator: "\n"))
        let gone = old.filter { !new.contains($0) }.joined(separator: ", ")
        let come = new.filter { !old.contains($0) }.joined(separator: ", ")
        guard gone.count + come.count <= 120 else { return object.description }
        return "\(object) (\(gone.isEmpty ? "nothing" : gone) became \(come.isEmpty ? "nothing" : come))"
    }
}

// Reading it.
extension CatalogShape {
    /// Objects of extensions are left out, and those that the server was born with.
    private static let query = """
        WITH own AS (
            SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        ), relation AS (
            SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name, CASE c.relkind WHEN 'r' THEN 'table'
                WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'index' END AS kind,
                CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" AS holder
            FROM pg_catalog.pg_class c JOIN own n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c', 'i', 'I') AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        )
        SELECT 'schema' AS kind, quote_ident(nspname) AS name, '' AS parent,
            concat_ws(E'\\n', 'owner ' || nspowner::regrole,
                \(privileges("nspacl", "'n'", "nspowner"))) AS definition
        FROM own
        UNION ALL
        SELECT kind, name, CASE WHEN relkind IN ('i', 'I') THEN (SELECT format('table %s', i.indrelid::regclass)
                FROM pg_catalog.pg_index i WHERE i.indexrelid = r.oid)
            ELSE format('schema %I', (SELECT nspname FROM own WHERE own.oid = relnamespace)) END,
            concat_ws(E'\\n', 'owner ' || relowner::regrole, \(privileges("relacl", "holder", "relowner")),
                'options ' || reloptions::text, 'persistence ' || relpersistence::text,
                CASE WHEN relrowsecurity THEN 'row security' END, CASE WHEN relforcerowsecurity THEN 'forced row security' END,
                CASE WHEN relkind IN ('r', 'p') THEN 'replica identity ' || relreplident::text END,
                CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END, pg_get_expr(relpartbound, oid),
                CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END,
                CASE WHEN relkind IN ('i', 'I') THEN (SELECT pg_get_indexdef(i.indexrelid)
                    || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END || CASE WHEN i.indisclustered THEN ' clustered' ELSE '' END
                    FROM pg_catalog.pg_index i WHERE i.indexrelid = r.oid) END,
                (SELECT 'inherits ' || string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
                    FROM pg_catalog.pg_inherits i WHERE i.inhrelid = r.oid AND relkind NOT IN ('i', 'I')),
                (SELECT concat_ws(' ', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                    s.seqcycle) FROM pg_catalog.pg_sequence s WHERE s.seqrelid = r.oid))
        FROM relation r
        UNION ALL
        SELECT 'column', format('%s.%I', r.name, a.attname), format('%s %s', r.kind, r.name),
            concat_ws(E'\\n', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END,
                'default ' || pg_get_expr(d.adbin, d.adrelid), 'identity ' || nullif(a.attidentity::text, ''),
                'generated ' || nullif(a.attgenerated::text, ''), 'storage ' || a.attstorage::text,
                'compression ' || nullif(a.attcompression::text, ''), 'statistics ' || nullif(coalesce(a.attstattarget, -1), -1),
                'collation ' || nullif(a.attcollation, t.typcollation)::regcollation, 'privileges ' || a.attacl::text,
                'options ' || a.attoptions::text)
        FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
        UNION ALL
        SELECT 'constraint', concat(CASE WHEN c.conrelid <> 0 THEN c.conrelid::regclass::text
                ELSE c.contypid::regtype::text END, '.', quote_ident(c.conname)),
            CASE WHEN c.conrelid <> 0 THEN 'table ' || c.conrelid::regclass ELSE 'type ' || c.contypid::regtype END,
            pg_get_constraintdef(c.oid)
        FROM pg_catalog.pg_constraint c JOIN own n ON n.oid = c.connamespace WHERE c.contype <> 'n' AND c.oid >= 16384
        UNION ALL
        SELECT 'trigger', format('%s.%I', r.name, t.tgname), format('%s %s', r.kind, r.name),
            pg_get_triggerdef(t.oid) || ' enabled ' || t.tgenabled::text
        FROM pg_catalog.pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'rule', format('%s.%I', r.name, w.rulename), format('%s %s', r.kind, r.name), pg_get_ruledef(w.oid)
        FROM pg_catalog.pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
        UNION ALL
        SELECT 'policy', format('%s.%I', r.name, p.polname), format('%s %s', r.kind, r.name),
            concat_ws(E'\\n', p.polcmd, p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid),
                pg_get_expr(p.polwithcheck, p.polrelid))
        FROM pg_catalog.pg_policy p JOIN relation r ON r.oid = p.polrelid
        UNION ALL
        SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, p.oid::regprocedure::text,
            format('schema %I', n.nspname), concat_ws(E'\\n', 'owner ' || p.proowner::regrole, \(privileges("p.proacl", "'f'", "p.proowner")),
                CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END)
        FROM pg_catalog.pg_proc p JOIN own n ON n.oid = p.pronamespace
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT 'type', t.oid::regtype::text, format('schema %I', n.nspname),
            concat_ws(E'\\n', 'owner ' || t.typowner::regrole, \(privileges("t.typacl", "'T'", "t.typowner")),
                (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                    FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
                CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
                CASE WHEN t.typnotnull THEN 'NOT NULL' END, 'default ' || t.typdefault,
                (SELECT r.rngsubtype::regtype::text FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid))
        FROM pg_catalog.pg_type t JOIN own n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('e', 'd', 'r', 'b') AND t.typcategory <> 'A' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT 'extension', quote_ident(extname), '', extversion FROM pg_catalog.pg_extension
        UNION ALL
        SELECT 'default privileges', format('of %s in %s on %s', d.defaclrole::regrole, d.defaclnamespace::regnamespace,
            d.defaclobjtype), '', d.defaclacl::text FROM pg_catalog.pg_default_acl d
        UNION ALL
        SELECT 'comment on', o.type || ' ' || o.identity, CASE WHEN o.type IN ('table', 'view', 'type', 'schema', 'sequence')
            THEN o.type || ' ' || o.identity WHEN o.type LIKE '% column' THEN 'column ' || o.identity
            ELSE o.type || ' ' || o.identity END, c.description
        FROM pg_catalog.pg_description c, LATERAL pg_catalog.pg_identify_object(c.classoid, c.objoid, c.objsubid) o
        WHERE c.objoid >= 16384
        UNION ALL
        SELECT o.type, o.identity, '', coalesce(CASE WHEN x.class = 'pg_catalog.pg_statistic_ext'::regclass
            THEN pg_get_statisticsobjdef(x.oid) END, '')
        FROM (\(Self.others.map { "SELECT '\($0)'::regclass AS class, oid FROM \($0)" }.joined(separator: " UNION ALL "))) x,
            LATERAL pg_catalog.pg_identify_object(x.class, x.oid, 0) o
        WHERE x.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = x.class AND d.objid = x.oid AND d.deptype IN ('e', 'i'))
        """

    /// One line each. What nobody has granted is written as what the owner has then anyway: GRANT and REVOKE leave behind
    /// that the privileges were looked at, and nothing else.
    private static func privileges(_ list: String, _ kind: String, _ owner: String) -> String {
        """
        (SELECT string_agg('privilege ' || a::text, E'\\n' ORDER BY a::text)
            FROM unnest(coalesce(\(list), acldefault(\(kind), \(owner)))) a)
        """
    }

    /// Of these it counts that they are there.
    private static let others = [
        "operator", "opclass", "opfamily", "cast", "conversion", "ts_config", "ts_dict", "ts_parser", "ts_template",
        "collation", "foreign_data_wrapper", "foreign_server", "publication", "publication_rel", "event_trigger",
        "language", "am", "statistic_ext", "largeobject_metadata",
    ].map { "pg_catalog.pg_\($0)" }
}
