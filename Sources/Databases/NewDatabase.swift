package import PostgresClient

/// Creates databases and sets their properties.
package enum NewDatabase {
    /// Makes an empty database with the properties of the one it will replace.
    ///
    /// - Parameter session: On the maintenance database.
    /// - Throws: `DatabaseError.keyword`, `PostgresError`.
    package static func create(_ name: String, like properties: DatabaseProperties, _ session: borrowing Session) throws
    {
        var options = [
            "TEMPLATE template0", "ENCODING \(session.literal(properties.encoding))",
            "LC_COLLATE \(session.literal(properties.collate))", "LC_CTYPE \(session.literal(properties.ctype))",
            "OWNER \(session.quoted(properties.owner))",
        ]
        // Naming the default tablespace would need the right to create in it; omitting it does not.
        if properties.tablespace != "pg_default" {
            options.append("TABLESPACE \(session.quoted(properties.tablespace))")
        }
        if session.serverVersion >= 150_000 {
            options.append("LOCALE_PROVIDER \(try Keyword(properties.localeProvider).text)")
            if let locale = properties.locale, properties.localeProvider != "libc" {
                let word = properties.localeProvider == "icu" ? "ICU_LOCALE" : "BUILTIN_LOCALE"
                options.append("\(word) \(session.literal(locale))")
            }
            if let rules = properties.icuRules, session.serverVersion >= 160_000 {
                options.append("ICU_RULES \(session.literal(rules))")
            }
        }
        try session.execute("CREATE DATABASE \(session.quoted(name)) WITH \(options.joined(separator: " "))")
    }

    /// Sets the settings that user code reads, so that it computes the same while the database is filled as afterwards.
    /// Other settings, such as timeouts and libraries, follow later, because they could interfere.
    package static func applyUserCodeSettings(
        _ properties: DatabaseProperties,
        to name: String,
        _ session: borrowing Session
    ) throws {
        for setting in properties.settings where setting.role == nil && UserCodeSettings.areRead(setting.name) {
            try session.execute(
                "ALTER DATABASE \(session.quoted(name)) SET \(session.quoted(setting.name)) TO "
                    + SettingValue(setting.name, setting.value).sql(session)
            )
        }
    }

    /// Sets what `ALTER DATABASE` sets: privileges, settings, the comment.
    ///
    /// - Parameter role: Returns the server's role for a role in `properties`; nil if the server has none.
    /// - Returns: What was left out because a role is missing, one sentence each.
    /// - Throws: `DatabaseError.keyword`, `PostgresError`.
    package static func apply(
        _ properties: DatabaseProperties,
        to name: String,
        role: (String) -> String? = { $0 },
        _ session: borrowing Session
    ) throws -> [String] {
        let database = session.quoted(name)
        var leftOut: [String] = []
        for setting in properties.settings {
            var subject = "DATABASE"
            if let name = setting.role {
                guard let role = role(name) else {
                    leftOut.append("left out, because the server has no role \(name): its setting of \(setting.name)")
                    continue
                }
                subject = "ROLE \(session.quoted(role)) IN DATABASE"
            }
            let value = SettingValue(setting.name, setting.value).sql(session)
            try session.execute("ALTER \(subject) \(database) SET \(session.quoted(setting.name)) TO \(value)")
        }
        if let privileges = properties.privileges {
            try session.execute("REVOKE ALL ON DATABASE \(database) FROM PUBLIC, \(session.quoted(properties.owner))")
            for privilege in privileges {
                var grantee = "PUBLIC"
                if let name = privilege.grantee {
                    guard let role = role(name) else {
                        leftOut.append(
                            "left out, because the server has no role \(name): GRANT \(privilege.privilege) ON DATABASE TO \(name)"
                        )
                        continue
                    }
                    grantee = session.quoted(role)
                }
                let option = privilege.grantable ? " WITH GRANT OPTION" : ""
                let word = try Keyword(privilege.privilege).text
                try session.execute("GRANT \(word) ON DATABASE \(database) TO \(grantee)\(option)")
            }
        }
        if properties.connectionLimit != -1 {
            try session.execute("ALTER DATABASE \(database) CONNECTION LIMIT \(properties.connectionLimit)")
        }
        let comment = properties.comment.map { session.literal($0) } ?? "NULL"
        try session.execute("COMMENT ON DATABASE \(database) IS \(comment)")
        return leftOut
    }

    package static func drop(_ name: String, _ session: borrowing Session) throws {
        let force = session.serverVersion >= 130_000 ? " WITH (FORCE)" : ""
        try session.execute("DROP DATABASE IF EXISTS \(session.quoted(name))\(force)")
    }
}
