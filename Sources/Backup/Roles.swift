internal import Archive
internal import PostgresClient

/// A role that owns something in the database or has privileges, and its memberships. Passwords are not read.
struct Role: Sendable, Equatable {
    var name: String
    /// Attributes that `CREATE ROLE` takes, such as `LOGIN`.
    var attributes: [String]
    var memberOf: [Membership]

    struct Membership: Sendable, Equatable {
        var role: String
        /// The text after `GRANT … TO …`, such as ` WITH ADMIN OPTION`.
        var options: String
    }
}

extension CatalogDetails {
    /// The roles that objects of this database name, the owner of the database, and the roles that those are members
    /// of.
    static func roles(_ session: borrowing Session) throws -> [Role] {
        let options =
            session.serverVersion >= 160_000
            ? "pg_catalog.format(' WITH ADMIN %s, INHERIT %s, SET %s', m.admin_option::pg_catalog.text, m.inherit_option::pg_catalog.text, m.set_option::pg_catalog.text)"
            : "CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END"
        let rows = try session.query(
            """
            WITH RECURSIVE used (oid) AS (
                SELECT refobjid FROM pg_catalog.pg_shdepend s
                WHERE refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                    -- Whoever installs an extension owns it: nothing of that is in an archive.
                    AND NOT (deptype = 'o' AND (classid = 'pg_catalog.pg_extension'::pg_catalog.regclass OR EXISTS (
                        SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = s.classid AND d.objid = s.objid AND d.deptype = 'e')))
                    AND (dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                         OR (classid = 'pg_catalog.pg_database'::pg_catalog.regclass
                             AND objid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())))
                UNION
                -- The first superuser is pinned, so nobody keeps a record of what it owns.
                SELECT owner FROM (
                    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS catalog, oid, relowner AS owner FROM pg_catalog.pg_class
                    UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, proowner FROM pg_catalog.pg_proc
                    UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typowner FROM pg_catalog.pg_type
                    UNION ALL SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, nspowner FROM pg_catalog.pg_namespace
                ) o
                WHERE o.owner = 10 AND o.oid >= 16384 AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = o.catalog AND d.objid = o.oid AND d.deptype = 'e')
                UNION
                SELECT datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
                UNION
                SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN used u ON u.oid = m.member
            )
            SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication,
                   r.rolbypassrls,
                   (SELECT pg_catalog.array_agg(g.rolname ORDER BY g.rolname, m.grantor)::pg_catalog.text[]
                    FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
                    WHERE m.member = r.oid) AS member_of,
                   (SELECT pg_catalog.array_agg(\(options) ORDER BY g.rolname, m.grantor)::pg_catalog.text[]
                    FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
                    WHERE m.member = r.oid) AS options
            FROM used u JOIN pg_catalog.pg_roles r ON r.oid = u.oid
            WHERE r.rolname !~ '^pg_'
            ORDER BY r.rolname
            """
        )
        let flags: [(column: String, word: String, isDefault: Bool)] = [
            ("rolsuper", "SUPERUSER", false), ("rolinherit", "INHERIT", true), ("rolcreaterole", "CREATEROLE", false),
            ("rolcreatedb", "CREATEDB", false), ("rolcanlogin", "LOGIN", false),
            ("rolreplication", "REPLICATION", false), ("rolbypassrls", "BYPASSRLS", false),
        ]
        return rows.map { row in
            Role(
                name: row.text("rolname"),
                attributes: flags.compactMap { flag in
                    row.bool(flag.column) == flag.isDefault ? nil : (flag.isDefault ? "NO" : "") + flag.word
                },
                memberOf: zip(row.texts("member_of"), row.texts("options")).map {
                    Role.Membership(role: $0, options: $1)
                }
            )
        }
    }
}

/// `schema/roles.sql`: creates missing roles, without passwords.
struct RolesScript {
    let roles: [Role]

    func text(_ session: borrowing Session) -> String {
        var lines = ["-- Roles that own or may use something in this backup. Passwords are not part of it.", ""]
        for role in roles {
            let attributes = role.attributes.isEmpty ? "" : " " + role.attributes.joined(separator: " ")
            let create = "CREATE ROLE \(session.quoted(role.name))\(attributes)"
            let body = """
                BEGIN
                    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = \(session.literal(role.name))) THEN
                        \(create);
                    END IF;
                END
                """
            lines.append("DO \(session.literal(body));")
        }
        for role in roles {
            lines += role.memberOf.map {
                "GRANT \(session.quoted($0.role)) TO \(session.quoted(role.name))\($0.options);"
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
