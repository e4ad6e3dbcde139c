/// Everything that `CREATE DATABASE` and `ALTER DATABASE` set: the properties of a database without its content.
///
/// Source: `pg_database`, `pg_db_role_setting`, `pg_shdescription`.
package struct DatabaseProperties: Sendable, Equatable {
    package var oid: UInt32
    package var name: String
    package var owner: String
    package var encoding: String
    package var collate: String
    package var ctype: String
    /// `libc`, `icu` or `builtin`.
    package var localeProvider: String
    package var locale: String?
    package var icuRules: String?
    package var tablespace: String
    package var connectionLimit: Int
    /// Anyone who may create databases may copy it, and it cannot be dropped.
    package var isTemplate: Bool
    package var comment: String?
    /// nil if the privileges are PostgreSQL's defaults.
    package var privileges: [Privilege]?
    package var settings: [Setting]

    package struct Privilege: Sendable, Equatable {
        /// nil for PUBLIC.
        package var grantee: String?
        package var privilege: String
        package var grantable: Bool

        package init(grantee: String?, privilege: String, grantable: Bool) {
            self.grantee = grantee
            self.privilege = privilege
            self.grantable = grantable
        }
    }

    package struct Setting: Sendable, Equatable {
        /// nil if the setting applies to all roles.
        package var role: String?
        package var name: String
        package var value: String

        package init(role: String?, name: String, value: String) {
            self.role = role
            self.name = name
            self.value = value
        }
    }

    package init(
        oid: UInt32 = 0,
        name: String,
        owner: String,
        encoding: String,
        collate: String,
        ctype: String,
        localeProvider: String,
        locale: String?,
        icuRules: String?,
        tablespace: String,
        connectionLimit: Int,
        isTemplate: Bool = false,
        comment: String?,
        privileges: [Privilege]?,
        settings: [Setting]
    ) {
        self.oid = oid
        self.name = name
        self.owner = owner
        self.encoding = encoding
        self.collate = collate
        self.ctype = ctype
        self.localeProvider = localeProvider
        self.locale = locale
        self.icuRules = icuRules
        self.tablespace = tablespace
        self.connectionLimit = connectionLimit
        self.isTemplate = isTemplate
        self.comment = comment
        self.privileges = privileges
        self.settings = settings
    }
}

extension Session {
    /// The properties of the database `name`; nil if it does not exist. The session may be connected to any database of
    /// the server.
    package borrowing func properties(ofDatabase name: String) throws -> DatabaseProperties? {
        let hasProvider = serverVersion >= 150_000
        let locale =
            serverVersion >= 170_000 ? "d.datlocale" : hasProvider ? "d.daticulocale" : "NULL"
        let rules = serverVersion >= 160_000 ? "d.daticurules" : "NULL"
        let found = try query(
            """
            SELECT d.oid, pg_catalog.pg_get_userbyid(d.datdba) AS owner,
                   pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate, d.datctype,
                   \(hasProvider ? "d.datlocprovider" : "'c'") AS provider, \(locale) AS locale, \(rules) AS rules,
                   t.spcname, d.datconnlimit, d.datistemplate, d.datacl IS NOT NULL AS has_acl,
                   pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
            FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
            WHERE d.datname = $1
            """,
            [name]
        )
        guard let row = found.first else { return nil }
        return DatabaseProperties(
            oid: row.oid("oid"),
            name: name,
            owner: row.text("owner"),
            encoding: row.text("encoding"),
            collate: row.text("datcollate"),
            ctype: row.text("datctype"),
            localeProvider: ["i": "icu", "b": "builtin"][row.text("provider")] ?? "libc",
            locale: row["locale"],
            icuRules: row["rules"],
            tablespace: row.text("spcname"),
            connectionLimit: row.int("datconnlimit"),
            isTemplate: row.bool("datistemplate"),
            comment: row["comment"],
            privileges: row.bool("has_acl") ? try privileges(ofDatabase: row.oid("oid")) : nil,
            settings: try settings(ofDatabase: row.oid("oid"))
        )
    }

    private borrowing func privileges(ofDatabase oid: UInt32) throws -> [DatabaseProperties.Privilege] {
        try query(
            """
            SELECT CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END AS grantee,
                   a.privilege_type, a.is_grantable
            FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
            WHERE d.oid = $1 ORDER BY 1 NULLS FIRST, 2
            """,
            [String(oid)]
        ).map { row in
            DatabaseProperties.Privilege(
                grantee: row["grantee"],
                privilege: row.text("privilege_type"),
                grantable: row.bool("is_grantable")
            )
        }
    }

    private borrowing func settings(ofDatabase oid: UInt32) throws -> [DatabaseProperties.Setting] {
        try query(
            """
            SELECT r.rolname, pg_catalog.split_part(c, '=', 1) AS name, pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value
            FROM pg_catalog.pg_db_role_setting s
            CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) WITH ORDINALITY AS u (c, position)
            LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
            WHERE s.setdatabase = $1 ORDER BY r.rolname NULLS FIRST, u.position
            """,
            [String(oid)]
        ).map { row in
            DatabaseProperties.Setting(role: row["rolname"], name: row.text("name"), value: row.text("value"))
        }
    }
}
