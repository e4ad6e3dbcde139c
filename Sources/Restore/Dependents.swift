internal import PostgresClient

/// What lies outside some schemas and would go with them: `DROP SCHEMA … CASCADE` asks nobody.
enum Dependents {
    /// - Throws: `RestoreError.preflight` naming the objects.
    static func requireNone(outside schemas: [String], _ session: borrowing Session) throws {
        let found = try list(outside: schemas, session)
        guard !found.isEmpty else { return }
        let more = found.count > 8 ? " and \(found.count - 8) more" : ""
        throw RestoreError(
            .preflight,
            "nothing was changed, because replacing \(schemas.joined(separator: ", ")) would drop what depends on it elsewhere: \(found.prefix(8).joined(separator: ", "))\(more)",
            hint: "restore those schemas together (--schema for each), or drop these objects first"
        )
    }

    /// Follows `pg_depend` from the schemas; a constraint, default, trigger, rule or policy lies where its table lies.
    private static func list(outside schemas: [String], _ session: borrowing Session) throws -> [String] {
        try session.query(
            """
            WITH RECURSIVE doomed (classid, objid) AS (
                SELECT 'pg_catalog.pg_namespace'::regclass::oid, oid FROM pg_catalog.pg_namespace
                WHERE nspname = ANY ($1::text[])
                UNION
                SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
                JOIN doomed x ON d.refclassid = x.classid AND d.refobjid = x.objid
                WHERE d.deptype IN ('n', 'a', 'i', 'P', 'S')
            ), placed AS (
                SELECT d.classid, d.objid, coalesce(
                    (SELECT relnamespace FROM pg_catalog.pg_class WHERE d.classid = 'pg_catalog.pg_class'::regclass AND oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
                     WHERE d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid),
                    (SELECT t.typnamespace FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
                     WHERE d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_class c ON c.oid = a.adrelid
                     WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND a.oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
                     WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
                     WHERE d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid),
                    (SELECT c.relnamespace FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
                     WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = d.objid),
                    (SELECT n.oid FROM pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
                     JOIN pg_catalog.pg_namespace n ON quote_ident(n.nspname) = i.schema)) AS namespace
                FROM doomed d
                WHERE d.classid <> 'pg_catalog.pg_namespace'::regclass
                    AND NOT (d.classid = 'pg_catalog.pg_trigger'::regclass
                             AND EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.oid = d.objid AND g.tgisinternal))
            )
            SELECT DISTINCT i.type || ' ' || i.identity AS title
            FROM placed p
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.namespace
            CROSS JOIN LATERAL pg_catalog.pg_identify_object(p.classid, p.objid, 0) i
            WHERE (n.nspname IS NULL AND p.classid NOT IN (
                       'pg_catalog.pg_amop'::regclass, 'pg_catalog.pg_amproc'::regclass, 'pg_catalog.pg_default_acl'::regclass,
                       'pg_catalog.pg_publication_rel'::regclass, 'pg_catalog.pg_cast'::regclass))
                OR (n.nspname <> ALL ($1::text[]) AND n.nspname !~ '^pg_toast')
            ORDER BY 1
            """,
            [QuotedText.array(schemas)]
        ).map { $0.text("title") }
    }
}
