package import Logging
package import PostgresClient

/// Creates databases and sets their properties.
package enum NewDatabase {
    /// Creates an empty database with the properties of the one that it will replace.
    ///
    /// - Parameter session: On the maintenance database.
    /// - Throws: `DatabaseError.keyword`, `.locale`; `PostgresError`.
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
        do {
            try session.execute("CREATE DATABASE \(session.quoted(name)) WITH \(options.joined(separator: " "))")
        } catch let error as PostgresError where lackOfLocale.contains(error.sqlState ?? "") {
            throw DatabaseError(
                .locale,
                "the server cannot create a database with the locale \(properties.locale ?? properties.collate): "
                    + (error.server?.message ?? error.message),
                hint: """
                    give the server that locale, or create the target with another one first: \
                    createdb --template=template0 --locale=C.UTF-8 NAME
                    """
            )
        }
    }

    /// wrong_object_type for libc, invalid_parameter_value for ICU, feature_not_supported for a server without ICU;
    /// invalid_object_definition for an encoding that does not fit.
    private static let lackOfLocale: Set<String> = ["42809", "22023", "0A000", "42P17"]

    /// Sets the settings that user code reads, so that the code has the same results while the database is filled as
    /// afterwards. Other settings, such as timeouts and libraries, follow later, because they could interfere.
    package static func applyUserCodeSettings(
        _ properties: DatabaseProperties,
        to name: String,
        _ session: borrowing Session
    ) throws {
        for setting in properties.settings where setting.role == nil && UserCodeSettings.areRead(setting.name) {
            do {
                try session.execute(
                    "ALTER DATABASE \(session.quoted(name)) SET \(session.quoted(setting.name)) TO "
                        + SettingValue(setting.name, setting.value).sql(session)
                )
            } catch let error as PostgresError where error.isOfStatement {
                // `apply` fails with it again and reports it.
                session.logger.debug("the setting \(setting.name) was skipped: \(error)")
            }
        }
    }

    /// A property that a new database does not get, with the reason.
    package struct Unset: Sendable, Equatable {
        package var property: String
        package var reason: String

        init(_ property: String, because reason: String) {
            self.property = property
            self.reason = reason
        }
    }

    /// Sets everything that `ALTER DATABASE` can set: privileges, settings, the comment, whether it is a template.
    ///
    /// - Parameter role: Returns the server's role for a role in `properties`; nil if the server has none.
    /// - Returns: The properties that were skipped: settings that our role may not set or the server does not know, and
    ///   properties of missing roles.
    /// - Throws: `DatabaseError.keyword`, `PostgresError`.
    package static func apply(
        _ properties: DatabaseProperties,
        to name: String,
        role: (String) -> String? = { $0 },
        _ session: borrowing Session
    ) throws -> [Unset] {
        let database = session.quoted(name)
        var unset = try properties.settings.compactMap { try set($0, on: database, role: role, session) }
        unset += try grant(properties, on: database, role: role, session)
        if properties.connectionLimit != -1 {
            try session.execute("ALTER DATABASE \(database) CONNECTION LIMIT \(properties.connectionLimit)")
        }
        if properties.isTemplate { try session.execute("ALTER DATABASE \(database) IS_TEMPLATE true") }
        let comment = properties.comment.flatMap(KeptMark.original).map { session.literal($0) } ?? "NULL"
        try session.execute("COMMENT ON DATABASE \(database) IS \(comment)")
        return unset
    }

    private static func set(
        _ setting: DatabaseProperties.Setting,
        on database: String,
        role: (String) -> String?,
        _ session: borrowing Session
    ) throws -> Unset? {
        var subject = "DATABASE"
        var title = "the database's setting of \(setting.name)"
        if let name = setting.role {
            title = "its setting of \(setting.name)"
            guard let role = role(name) else { return Unset(title, because: "the server has no role \(name)") }
            subject = "ROLE \(session.quoted(role)) IN DATABASE"
            title = "the setting of \(setting.name) for \(role)"
        }
        let value = SettingValue(setting.name, setting.value).sql(session)
        do {
            try session.execute("ALTER \(subject) \(database) SET \(session.quoted(setting.name)) TO \(value)")
            return nil
        } catch let error as PostgresError where error.isOfStatement {
            return Unset(title, because: error.description)
        }
    }

    private static func grant(
        _ properties: DatabaseProperties,
        on database: String,
        role: (String) -> String?,
        _ session: borrowing Session
    ) throws -> [Unset] {
        guard let privileges = properties.privileges else { return [] }
        var unset: [Unset] = []
        try session.execute("REVOKE ALL ON DATABASE \(database) FROM PUBLIC, \(session.quoted(properties.owner))")
        for privilege in privileges {
            var grantee = "PUBLIC"
            if let name = privilege.grantee {
                guard let role = role(name) else {
                    unset.append(
                        Unset(
                            "GRANT \(privilege.privilege) ON DATABASE TO \(name)",
                            because: "the server has no role \(name)"
                        )
                    )
                    continue
                }
                grantee = session.quoted(role)
            }
            let option = privilege.grantable ? " WITH GRANT OPTION" : ""
            let word = try Keyword(privilege.privilege).text
            do {
                try session.execute("GRANT \(word) ON DATABASE \(database) TO \(grantee)\(option)")
            } catch let error as PostgresError where error.isOfStatement {
                unset.append(Unset("GRANT \(word) ON DATABASE TO \(grantee)", because: error.description))
            }
        }
        return unset
    }

    /// Drops a temporary database, if it exists, with its subscriptions, because the server refuses to drop a database
    /// with subscriptions. Their slots on the publisher belong to the dumped database, and are kept.
    ///
    /// - Parameter server: Another database of the server.
    /// - Throws: `PostgresError`, `CancellationError`.
    package static func dropUnused(_ name: String, _ server: ServerAddress, logger: Logger) async throws {
        let subscriptions = try await withSession(server, logger: logger) { session in
            try session.pin()
            return try session.query(
                """
                SELECT s.subname FROM pg_catalog.pg_subscription s
                JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1
                """,
                [name]
            ).map { $0.text("subname") }
        }
        if !subscriptions.isEmpty {
            try await withSession(server.database(name), logger: logger) { session in
                for subscription in subscriptions.map({ session.quoted($0) }) {
                    try session.execute("ALTER SUBSCRIPTION \(subscription) DISABLE")
                    try session.execute("ALTER SUBSCRIPTION \(subscription) SET (slot_name = NONE)")
                    try session.execute("DROP SUBSCRIPTION \(subscription)")
                }
            }
        }
        try await withSession(server, logger: logger) { session in
            try session.pin()
            try drop(name, session)
        }
    }

    /// Drops the database if it exists, and ends the sessions that are connected to it.
    ///
    /// - Throws: `PostgresError`.
    package static func drop(_ name: String, _ session: borrowing Session) throws {
        let isTemplate = try session.query(
            "SELECT datistemplate FROM pg_catalog.pg_database WHERE datname = $1",
            [name]
        ).first?.bool("datistemplate")
        // The server refuses to drop a template.
        if isTemplate == true { try session.execute("ALTER DATABASE \(session.quoted(name)) IS_TEMPLATE false") }
        let force = session.serverVersion >= 130_000 ? " WITH (FORCE)" : ""
        try session.execute("DROP DATABASE IF EXISTS \(session.quoted(name))\(force)")
    }
}
