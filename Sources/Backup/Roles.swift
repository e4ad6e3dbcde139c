internal import Archive
internal import PostgresClient

/// The roles that a backup describes.
enum RoleExtent: Sendable {
    /// Those that objects and settings of the current database name, the owner of the database, and the roles that
    /// those are members of.
    case database
    /// All of the server.
    case server

    /// A query for their oids, under the name `used`.
    fileprivate var query: String {
        switch self {
        case .server: "SELECT oid FROM pg_catalog.pg_roles"
        case .database:
            """
            SELECT refobjid FROM pg_catalog.pg_shdepend s
            WHERE refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                -- The role that installs an extension owns it: nothing of that is in an archive.
                AND NOT (deptype = 'o' AND (classid = 'pg_catalog.pg_extension'::pg_catalog.regclass OR EXISTS (
                    SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = s.classid AND d.objid = s.objid AND d.deptype = 'e')))
                AND (dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                     OR (classid = 'pg_catalog.pg_database'::pg_catalog.regclass
                         AND objid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())))
            UNION
            -- The first superuser is pinned, so the server keeps no record of what it owns.
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
            -- Of ALTER ROLE IN DATABASE the server keeps no dependency.
            SELECT s.setrole FROM pg_catalog.pg_db_role_setting s
            JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
            WHERE d.datname = pg_catalog.current_database() AND s.setrole <> 0
            UNION
            SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN used u ON u.oid = m.member
            """
        }
    }
}

extension CatalogDetails {
    /// - Parameters:
    ///   - extent: Which roles.
    ///   - withPasswords: Reads SCRAM verifiers, which only a superuser may.
    /// - Throws: `BackupError.rights` for a role that may not read them; `PostgresError`.
    static func roles(
        _ session: borrowing Session,
        _ extent: RoleExtent = .database,
        withPasswords: Bool
    ) throws -> [RoleProperties] {
        let memberships = try memberships(session)
        let passwords = withPasswords ? try passwords(session) : [:]
        return try session.query(
            """
            WITH RECURSIVE used (oid) AS (\(extent.query))
            SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication,
                   r.rolbypassrls, r.rolconnlimit, r.rolvaliduntil::pg_catalog.text AS valid_until, s.setconfig,
                   pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment
            FROM used u JOIN pg_catalog.pg_roles r ON r.oid = u.oid
            LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0
            WHERE r.rolname !~ '^pg_'
            ORDER BY r.rolname
            """
        ).map { row in
            var role = RoleProperties(name: row.text("rolname"))
            role.attributes = attributes(row)
            role.connectionLimit = row.int("rolconnlimit")
            role.validUntil = row["valid_until"]
            role.settings =
                row["setconfig"] == nil ? [] : row.texts("setconfig").compactMap(RoleProperties.Setting.init(stored:))
            role.comment = row["comment"]
            role.password = passwords[ExactText(role.name)]
            role.memberOf = memberships[ExactText(role.name)] ?? []
            return role
        }
    }

    private static func attributes(_ row: Rows.Row) -> [String] {
        let flags: [(column: String, word: String, isDefault: Bool)] = [
            ("rolsuper", "SUPERUSER", false), ("rolinherit", "INHERIT", true), ("rolcreaterole", "CREATEROLE", false),
            ("rolcreatedb", "CREATEDB", false), ("rolcanlogin", "LOGIN", false),
            ("rolreplication", "REPLICATION", false), ("rolbypassrls", "BYPASSRLS", false),
        ]
        return flags.compactMap { flag in
            row.bool(flag.column) == flag.isDefault ? nil : (flag.isDefault ? "NO" : "") + flag.word
        }
    }

    private static func memberships(
        _ session: borrowing Session
    ) throws -> [ExactText: [RoleProperties.Membership]] {
        let isNew = session.serverVersion >= 160_000
        let rows = try session.query(
            """
            SELECT r.rolname AS member, g.rolname AS role, m.admin_option,
                   \(isNew ? "m.inherit_option, m.set_option" : "NULL AS inherit_option, NULL AS set_option")
            FROM pg_catalog.pg_auth_members m
            JOIN pg_catalog.pg_roles r ON r.oid = m.member JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
            ORDER BY r.rolname, g.rolname, m.grantor
            """
        )
        return Dictionary(grouping: rows) { ExactText($0.text("member")) }.mapValues { rows in
            rows.map { row in
                RoleProperties.Membership(
                    role: row.text("role"),
                    admin: row.bool("admin_option"),
                    inherit: row["inherit_option"].map { $0 == "t" },
                    set: row["set_option"].map { $0 == "t" }
                )
            }
        }
    }

    /// Reads only SCRAM verifiers, because an MD5 hash can be used like the password.
    private static func passwords(_ session: borrowing Session) throws -> [ExactText: String] {
        do {
            let rows = try session.query(
                "SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'"
            )
            return Dictionary(rows.map { (ExactText($0.text("rolname")), $0.text("rolpassword")) }) { first, _ in first
            }
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw BackupError(
                .rights,
                "\(session.user) may not read the passwords of roles (SQLSTATE 42501)",
                hint: "back up as a superuser, or without --with-role-passwords"
            )
        }
    }
}

extension RoleProperties.Setting {
    /// `name=value`, as the catalog stores it.
    init?(stored: String) {
        guard let mark = stored.firstIndex(of: "=") else { return nil }
        self.init(name: String(stored[..<mark]), value: String(stored[stored.index(after: mark)...]))
    }
}

/// `schema/roles.sql`: creates missing roles, and does not change existing ones.
struct RolesScript {
    let roles: [RoleProperties]

    func text(_ session: borrowing Session) -> String {
        let passwords = roles.contains { $0.password != nil } ? "as SCRAM verifiers" : "not part of it"
        let head = """
            -- Roles that own or may use something in this backup, or have settings in it. Passwords are \(passwords).
            -- A role that exists stays as it is.
            """
        return "\(head)\n\n\(statements(session))"
    }

    /// Without an introduction.
    func statements(_ session: borrowing Session) -> String {
        roles.membersLast.map { block($0, session) + "\n" }.joined()
    }

    /// Creates one role with its settings and memberships.
    private func block(_ role: RoleProperties, _ session: borrowing Session) -> String {
        let statements = ([role.creation(session)] + role.alterations(session)).map { "        \($0);" }
        let given = role.memberOf.map { membership in
            """
                    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = \(session.literal(membership.role))) THEN
                        \(role.grant(membership, session));
                    END IF;
            """
        }
        let body = """
            BEGIN
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = \(session.literal(role.name))) THEN
            \((statements + given).joined(separator: "\n"))
                END IF;
            END
            """
        return "DO \(session.literal(body));"
    }
}

extension Manifest.Role {
    init(_ role: RoleProperties) {
        self.init(
            name: role.name,
            attributes: role.attributes,
            connectionLimit: role.connectionLimit,
            validUntil: role.validUntil,
            settings: role.settings.map { Manifest.Role.Setting(name: $0.name, value: $0.value) },
            comment: role.comment,
            password: role.password,
            memberOf: role.memberOf.map {
                Manifest.Role.Membership(role: $0.role, admin: $0.admin, inherit: $0.inherit, set: $0.set)
            }
        )
    }
}
