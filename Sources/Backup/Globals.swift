internal import Archive
internal import PostgresClient
internal import SQLText

/// What a server has besides its databases.
struct Globals: Sendable {
    var roles: [RoleProperties]
    var settings: [SettingGroup]
    var tablespaces: [Tablespace]
    var serverVersion: String
    var time: String

    /// Settings of `ALTER ROLE … IN DATABASE`, and of `ALTER ROLE ALL`.
    struct SettingGroup: Sendable {
        /// nil for all roles.
        var role: String?
        /// nil for all databases.
        var database: String?
        var settings: [RoleProperties.Setting]
    }

    struct Tablespace: Sendable {
        var name: String
        var owner: String
        var folder: String
        /// Such as `random_page_cost=1.1`.
        var options: [String]
        var comment: String?
    }

    /// - Throws: `BackupError.rights` for a role that may not read the verifiers; `PostgresError`.
    static func read(_ session: inout Session, withPasswords: Bool) throws -> Globals {
        try session.pin()
        try session.refuseViews()
        return try session.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") { session in
            Globals(
                roles: try CatalogDetails.roles(session, .server, withPasswords: withPasswords),
                settings: try settings(session),
                tablespaces: try tablespaces(session),
                serverVersion: session.serverVersionText,
                time: try session.query(
                    """
                    SELECT pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS time
                    """
                )[0].text("time")
            )
        }
    }

    private static func settings(_ session: borrowing Session) throws -> [SettingGroup] {
        try session.query(
            """
            SELECT r.rolname, d.datname, s.setconfig
            FROM pg_catalog.pg_db_role_setting s
            LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
            LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
            WHERE (s.setrole = 0) = (s.setdatabase = 0) AND (s.setrole = 0 OR r.oid IS NOT NULL AND d.oid IS NOT NULL)
            ORDER BY d.datname NULLS FIRST, r.rolname
            """
        ).map { row in
            SettingGroup(
                role: row["rolname"],
                database: row["datname"],
                settings: row.texts("setconfig").compactMap(RoleProperties.Setting.init(stored:))
            )
        }
    }

    private static func tablespaces(_ session: borrowing Session) throws -> [Tablespace] {
        try session.query(
            """
            SELECT t.spcname, pg_catalog.pg_get_userbyid(t.spcowner) AS owner,
                   pg_catalog.pg_tablespace_location(t.oid) AS folder, t.spcoptions,
                   pg_catalog.shobj_description(t.oid, 'pg_tablespace') AS comment
            FROM pg_catalog.pg_tablespace t WHERE t.spcname !~ '^pg_' ORDER BY t.spcname
            """
        ).map { row in
            Tablespace(
                name: row.text("spcname"),
                owner: row.text("owner"),
                folder: row.text("folder"),
                options: row["spcoptions"] == nil ? [] : row.texts("spcoptions"),
                comment: row["comment"]
            )
        }
    }
}

/// `globals-….sql`, which creates roles that are missing, with their memberships and settings. It changes nothing that
/// exists.
struct GlobalsScript {
    let globals: Globals

    func text(_ session: borrowing Session) -> String {
        [header(session), RolesScript(roles: globals.roles).statements(session)]
            .joined() + settings(session) + tablespaces(session) + "\n\(DumpMarks.closing(tables: 0, rows: 0))\n"
    }

    private func header(_ session: borrowing Session) -> String {
        let passwords = globals.roles.contains { $0.password != nil } ? "included as SCRAM verifiers" : "not included"
        return """
            -- The roles of a PostgreSQL server, with memberships and settings, made by granary \(granaryVersion)
            -- at \(globals.time) from PostgreSQL \(globals.serverVersion). Passwords are \(passwords).
            -- Run it before the databases are restored, and once more afterwards for the settings of roles in databases:
            -- psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname=postgres --file=FILE.
            -- What exists stays as it is.
            \(DumpMarks.globals)
            \(DumpMarks.announcement)

            SET client_encoding = '\(session.codec == .bytes ? "SQL_ASCII" : "UTF8")';
            SET standard_conforming_strings = on;


            """
    }

    /// Only where nothing is set yet.
    private func settings(_ session: borrowing Session) -> String {
        globals.settings.map { group in
            let role = group.role.map { session.quoted($0) } ?? "ALL"
            let place = group.database.map { " IN DATABASE \(session.quoted($0))" } ?? ""
            let statements = group.settings.map {
                "        ALTER ROLE \(role)\(place) SET \(session.quoted($0.name)) TO \(SettingValue($0.name, $0.value).sql(session));"
            }
            let body = """
                BEGIN
                    IF \(exists(group, session)) THEN
                \(statements.joined(separator: "\n"))
                    END IF;
                END
                """
            return "DO \(session.literal(body));\n"
        }.joined()
    }

    private func exists(_ group: Globals.SettingGroup, _ session: borrowing Session) -> String {
        guard let role = group.role, let database = group.database else {
            return """
                NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting WHERE setrole = 0 AND setdatabase = 0)
                """
        }
        return """
            EXISTS (SELECT FROM pg_catalog.pg_roles r CROSS JOIN pg_catalog.pg_database d
                    WHERE r.rolname = \(session.literal(role)) AND d.datname = \(session.literal(database))
                        AND NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting s
                                        WHERE s.setrole = r.oid AND s.setdatabase = d.oid))
            """
    }

    /// As comments, because the folders must be made on the other server first.
    private func tablespaces(_ session: borrowing Session) -> String {
        guard !globals.tablespaces.isEmpty else { return "" }
        let statements = globals.tablespaces.flatMap { space in
            let name = session.quoted(space.name)
            let options = space.options.isEmpty ? "" : " WITH (\(space.options.joined(separator: ", ")))"
            let create =
                "CREATE TABLESPACE \(name) OWNER \(session.quoted(space.owner)) LOCATION \(session.literal(space.folder))\(options);"
            return [create] + (space.comment.map { ["COMMENT ON TABLESPACE \(name) IS \(session.literal($0));"] } ?? [])
        }
        let head = "\n-- Tablespaces. Make their folders first, with the server's account as owner, and then run:\n"
        return head + statements.flatMap { $0.split(whereSeparator: \.isNewline) }.map { "-- \($0)\n" }.joined()
    }
}
