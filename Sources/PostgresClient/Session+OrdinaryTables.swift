// Tables that granary or another tool keeps in a database whose owner is not trusted. The owner, or the first role
// there, may have replaced such a table by something that runs code with the rights of the reader: a view, a trigger, a
// policy, a domain, a default. So before such a table is read or written, granary checks that it is an ordinary table.

/// What is not ordinary about a table.
package struct TableFlaw: Sendable {
    package let table: TableName
    /// It follows the table's name in a sentence.
    package let text: String

    package func error(hint: String) -> PostgresError {
        PostgresError(
            code: .untrusted,
            message: "\(table) \(text), so it is neither read nor written: that could run another role's code",
            hint: hint
        )
    }
}

extension Session {
    /// Requires that some tables are ordinary: rows of PostgreSQL's own types, and nothing that runs when they are read
    /// or written. Missing tables are ignored.
    ///
    /// - Parameters:
    ///   - areOurs: Whether these are granary's own tables, not another tool's.
    ///   - hint: How to fix it.
    /// - Throws: `PostgresError` with `.untrusted`, which names the table and its flaw.
    package borrowing func requireOrdinary(_ tables: [TableName], areOurs: Bool, hint: String) throws {
        if let flaw = try flaws(of: tables, areOurs: areOurs).first { throw flaw.error(hint: hint) }
    }

    /// What is not ordinary about these tables.
    ///
    /// - Throws: `PostgresError`.
    package borrowing func flaws(of tables: [TableName], areOurs: Bool) throws -> [TableFlaw] {
        guard !tables.isEmpty else { return [] }
        let names = [QuotedText.array(tables.map(\.schema)), QuotedText.array(tables.map(\.name))]
        // Often none of them exists, and a server needs several milliseconds to plan the other query.
        guard try !query(Self.anyQuery, names).isEmpty else { return [] }
        return try query(Self.flawsQuery, names + [String(areOurs)]).map {
            TableFlaw(table: TableName(schema: $0.text("nspname"), name: $0.text("relname")), text: $0.text("flaw"))
        }
    }

    /// A condition on the owner `o.owner` of a table in the schema `n`. The owner must be a superuser, the owner of the
    /// database or of the schema, the current role, or a role that may create schemas in the database, because a
    /// service's role may have created the tables. For tables of other tools, a role that may create tables in that
    /// schema is enough.
    private static let isFamiliar = """
        SELECT FROM pg_catalog.pg_roles r, pg_catalog.pg_database d, pg_catalog.pg_roles me
        WHERE r.oid = o.owner AND d.datname = pg_catalog.current_database() AND me.rolname = current_user
            AND (r.rolsuper OR r.oid = me.oid OR r.rolname = session_user OR r.oid = n.nspowner
                OR pg_catalog.pg_has_role(r.oid, d.datdba, 'MEMBER')
                OR NOT me.rolsuper AND pg_catalog.pg_has_role(r.oid, 'USAGE')
                OR pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE')
                OR NOT $3::boolean AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE'))
        """

    /// Defaults that run no other code: constants, the current time and user, the next number of a sequence.
    private static let harmlessDefault =
        #"^(('([^'\\]|'')*'|-?[0-9.]+|true|false|NULL)(::[a-z ]+(\[\])?)?|now\(\)|CURRENT_TIMESTAMP|CURRENT_USER"#
        + #"|SESSION_USER|nextval\('([^'\\]|'')*'::regclass\))$"#

    private static let anyQuery = """
        SELECT 1 AS found FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY ($1::pg_catalog.text[]) AND c.relname = ANY ($2::pg_catalog.text[]) LIMIT 1
        """

    private static let flawsQuery = """
        SELECT n.nspname, c.relname, f.flaw
        FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) AS w (schema, name)
        JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
        CROSS JOIN LATERAL (
            SELECT 1 AS rank, 'is ' || CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view'
                WHEN 'f' THEN 'a foreign table' WHEN 'p' THEN 'a partitioned table' WHEN 'S' THEN 'a sequence'
                WHEN 'i' THEN 'an index' WHEN 'c' THEN 'a composite type' ELSE 'no table' END AS flaw
            WHERE c.relkind <> 'r'
            UNION ALL
            SELECT 2, 'has row security' WHERE c.relrowsecurity OR c.relforcerowsecurity
            UNION ALL
            SELECT 3, 'is part of an inheritance' WHERE EXISTS (
                SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
            UNION ALL
            SELECT 4, pg_catalog.format('has the rule %I', r.rulename) FROM pg_catalog.pg_rewrite r
            WHERE r.ev_class = c.oid AND c.relkind = 'r'
            UNION ALL
            SELECT 5, pg_catalog.format('has the trigger %I', t.tgname) FROM pg_catalog.pg_trigger t
            WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
            UNION ALL
            SELECT 6, pg_catalog.format('has the column %I of the type %s', a.attname, pg_catalog.format_type(a.atttypid, NULL))
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND (t.typtype <> 'b' OR t.oid >= 16384
                    OR t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace)
            UNION ALL
            SELECT 7, pg_catalog.format('has the column %I with an expression that could call a function', a.attname)
            FROM pg_catalog.pg_attrdef d
            JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            WHERE d.adrelid = c.oid
                AND (a.attgenerated <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) !~ $re$\(harmlessDefault)$re$)
            UNION ALL
            SELECT 8, pg_catalog.format('has the constraint %I', k.conname) FROM pg_catalog.pg_constraint k
            WHERE c.oid IN (k.conrelid, k.confrelid) AND k.contype NOT IN ('p', 'u', 'n')
                AND NOT (k.contype = 'c' AND pg_catalog.pg_get_constraintdef(k.oid) = 'CHECK (single)')
            UNION ALL
            SELECT 9, pg_catalog.format('has the index %I on something else than columns', x.relname)
            FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
                OR EXISTS (SELECT FROM pg_catalog.unnest(i.indclass) AS u (class) WHERE u.class >= 16384))
            UNION ALL
            SELECT 10, pg_catalog.format('has the statistics %I', s.stxname) FROM pg_catalog.pg_statistic_ext s
            WHERE s.stxrelid = c.oid
            UNION ALL
            SELECT 11, pg_catalog.format('belongs to %I, who owns neither the database nor the schema and is no superuser',
                pg_catalog.pg_get_userbyid(o.owner))
            FROM (SELECT c.relowner AS owner) AS o WHERE NOT EXISTS (\(isFamiliar))
        ) AS f
        ORDER BY n.nspname, c.relname, f.rank
        """
}
