internal import Archive
internal import PostgresClient

/// The database that is loaded beside the old one: made, given its properties, or dropped again.
enum NewDatabase {
    /// What stands in its name until it has the target's: whose it is, so that a later run knows one that was abandoned.
    ///
    /// A mark inside the database would come too late: the server finishes CREATE DATABASE even if we are killed meanwhile.
    private static let mark = "_granary_"

    /// A name that no other database has, with the process of the session that leads the restore in it.
    static func name(for target: String, leader: Int) -> String {
        DatabaseName.derived(from: target, "\(mark)\(leader)_\(String(UInt32.random(in: 1 << 28 ... .max), radix: 16))")
    }

    /// Makes an empty database with the properties of the one it will replace.
    ///
    /// - Parameter session: to the maintenance database; it leads the restore until the end.
    static func create(_ name: String, like properties: DatabaseProperties, _ session: borrowing Session) throws {
        var options = [
            "TEMPLATE template0", "ENCODING \(session.literal(properties.encoding))",
            "LC_COLLATE \(session.literal(properties.collate))", "LC_CTYPE \(session.literal(properties.ctype))",
            "OWNER \(session.quoted(properties.owner))",
        ]
        // To name the default would need the right to create in it, which to leave it out does not.
        if properties.tablespace != "pg_default" {
            options.append("TABLESPACE \(session.quoted(properties.tablespace))")
        }
        if session.serverVersion >= 150_000 {
            options.append("LOCALE_PROVIDER \(try ArchivedWord(properties.localeProvider).text)")
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

    /// Sets what `ALTER DATABASE` sets: privileges, settings, the comment.
    static func apply(
        _ properties: DatabaseProperties,
        to name: String,
        roles: RoleMap,
        withOwners: Bool,
        _ session: borrowing Session
    ) throws {
        let database = session.quoted(name)
        for setting in properties.settings {
            let value = SettingValue(setting.name, setting.value).sql(session)
            let subject = setting.role.map { "ROLE \(session.quoted(roles.role($0))) IN DATABASE" } ?? "DATABASE"
            try session.execute("ALTER \(subject) \(database) SET \(session.quoted(setting.name)) TO \(value)")
        }
        if withOwners, let privileges = properties.privileges {
            try session.execute("REVOKE ALL ON DATABASE \(database) FROM PUBLIC, \(session.quoted(properties.owner))")
            for privilege in privileges {
                let grantee = privilege.grantee.map { session.quoted(roles.role($0)) } ?? "PUBLIC"
                let option = privilege.grantable ? " WITH GRANT OPTION" : ""
                let word = try ArchivedWord(privilege.privilege).text
                try session.execute("GRANT \(word) ON DATABASE \(database) TO \(grantee)\(option)")
            }
        }
        if properties.connectionLimit != -1 {
            try session.execute("ALTER DATABASE \(database) CONNECTION LIMIT \(properties.connectionLimit)")
        }
        let comment = properties.comment.map { session.literal($0) } ?? "NULL"
        try session.execute("COMMENT ON DATABASE \(database) IS \(comment)")
    }

    /// Drops what a restore left behind that was killed: its leader is no more. Its workers' sessions may still be there,
    /// finishing a statement for nobody. A server that was started again gives the same numbers to new sessions, ours too.
    static func dropAbandoned(_ session: borrowing Session) throws -> [String] {
        let abandoned = try session.query(
            """
            SELECT d.datname FROM pg_catalog.pg_database d
            CROSS JOIN LATERAL pg_catalog.regexp_match(d.datname, '\(mark)([0-9]{1,9})_[0-9a-f]{8}$') AS m (leader)
            WHERE m.leader IS NOT NULL AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                                WHERE a.pid = m.leader[1]::int AND a.application_name = 'granary'
                                    AND a.pid <> pg_catalog.pg_backend_pid())
            """
        ).map { $0.text("datname") }
        for name in abandoned { try drop(name, session) }
        return abandoned
    }

    static func drop(_ name: String, _ session: borrowing Session) throws {
        let force = session.serverVersion >= 130_000 ? " WITH (FORCE)" : ""
        try session.execute("DROP DATABASE IF EXISTS \(session.quoted(name))\(force)")
    }
}

/// A setting's stored text as `SET … TO` takes it.
struct SettingValue {
    /// Settings whose value is a list of names, each quoted on its own (`GUC_LIST_QUOTE`).
    private static let lists: Set<String> = [
        "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
        "temp_tablespaces", "unix_socket_directories",
    ]

    private let elements: [String]

    init(_ name: String, _ value: String) {
        elements = Self.lists.contains(name.lowercased()) ? Self.split(value) : [value]
    }

    func sql(_ session: borrowing Session) -> String {
        elements.isEmpty ? "''" : elements.map { session.literal($0) }.joined(separator: ", ")
    }

    /// The names of a list such as `"$user", public`, as `SplitGUCList` finds them.
    static func split(_ list: String) -> [String] {
        var elements: [String] = []
        var current = String.UnicodeScalarView()
        var isQuoted = false
        var hasElement = false
        var previous: Unicode.Scalar?
        for scalar in list.unicodeScalars {
            switch scalar {
            case "\"":
                isQuoted.toggle()
                // A doubled quote inside quotes stands for one.
                if isQuoted, previous == "\"" { current.append(scalar) }
                hasElement = true
            case "," where !isQuoted:
                elements.append(String(current))
                current = String.UnicodeScalarView()
                hasElement = true
            case _ where !isQuoted && scalar.properties.isWhitespace: continue
            default:
                current.append(scalar)
                hasElement = true
            }
            previous = scalar
        }
        return hasElement ? elements + [String(current)] : []
    }
}
