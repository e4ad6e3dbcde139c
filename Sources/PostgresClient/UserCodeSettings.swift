/// The settings of a database that affect the results of user code.
///
/// CHECK constraints, materialized views, expression indexes and generated columns call functions that depend on the
/// time zone, date formats and so on. A restore under other settings would shift dates by a day and refuse valid rows.
/// `search_path` is not among them: it is empty, as in pg_dump.
package struct UserCodeSettings: Sendable {
    package typealias Setting = (name: String, value: String)

    /// The names. A server ignores those that it does not know.
    package static let names = [
        "TimeZone", "timezone_abbreviations", "DateStyle", "IntervalStyle", "lc_monetary", "lc_numeric", "lc_time",
        "default_text_search_config", "xmloption", "xmlbinary", "bytea_output", "extra_float_digits", "array_nulls",
        "transform_null_equals", "standard_conforming_strings",
    ]

    /// The values of the database and the server.
    package let own: [Setting]

    package init(own: [Setting] = []) { self.own = own }

    /// Whether `ALTER DATABASE` sets something that user code reads: one of `names`, or a setting with a dot in its
    /// name, which functions read with `current_setting('app.tenant')`.
    package static func areRead(_ name: String) -> Bool {
        name.contains(".") || names.contains { $0.lowercased() == name.lowercased() }
    }

    /// For statements that pg_dump wrote. Their constants need these settings, whatever the database has.
    package static let ofStatements: [Setting] = [
        ("xmloption", "content"), ("array_nulls", "on"), ("transform_null_equals", "off"),
        ("standard_conforming_strings", "on"),
    ]

    /// For a script, which sets `standard_conforming_strings` once for all statements.
    package static let ofScripts: [Setting] = ofStatements.filter { $0.name != "standard_conforming_strings" }

    /// For text of COPY that a backup wrote under these settings. Dates, times, intervals, numbers and bytea can be
    /// read under any setting.
    package static let ofCopyText: [Setting] = [
        ("lc_monetary", "C"), ("xmloption", "content"), ("array_nulls", "on"),
    ]

    /// The settings while statements of pg_dump run.
    package var whileMaking: [Setting] { own.filter { !Self.has(Self.ofStatements, $0.name) } + Self.ofStatements }

    /// The settings while the server describes a constraint that will be created again: `'02/01/2024 03:00 IST'` could
    /// not be read back.
    package var whileDescribing: [Setting] {
        let formats: [Setting] = [("DateStyle", "ISO"), ("IntervalStyle", "postgres")]
        return whileMaking.filter { !Self.has(formats, $0.name) } + formats
    }

    /// The settings while rows with columns of `types` (spelled as by `format_type`, with the schema) are read: the
    /// database's own, except those that the text of these types requires.
    package func whileReading(_ types: [String]) -> [Setting] {
        let pinned = Self.forText(of: types)
        return own.filter { !Self.has(pinned, $0.name) } + pinned
    }

    /// The settings of `ofCopyText` that the text of these types requires.
    package static func forText(of types: [String]) -> [Setting] {
        // A type with a schema may be a domain over, or a composite of, any of them.
        let needs = { (word: String) in types.contains { $0.contains(word) || $0.contains(".") } }
        let words = ["lc_monetary": "money", "xmloption": "xml", "array_nulls": "[]"]
        return ofCopyText.filter { setting in words[setting.name].map(needs) ?? true }
    }

    private static func has(_ settings: [Setting], _ name: String) -> Bool {
        settings.contains { $0.name.lowercased() == name.lowercased() }
    }
}

extension Session {
    /// The settings of this database's sessions for which no role has its own value: ALTER DATABASE, ALTER ROLE ALL,
    /// and the server's configuration, but not the settings of the current role or environment.
    ///
    /// Call it before the session's settings are fixed. If only the configuration files could tell and the role may not
    /// read them, the values of this session are used.
    package borrowing func userCodeSettings() throws -> UserCodeSettings {
        // As in `pin`: a timeout of some milliseconds could interrupt the query.
        try execute("SET statement_timeout = 0")
        let rows = try query(
            """
            SELECT s.name, s.source IN ('client', 'user', 'database user', 'session') AS is_ours, s.reset_val,
                (SELECT pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1)
                 FROM pg_catalog.pg_db_role_setting r CROSS JOIN LATERAL pg_catalog.unnest(r.setconfig) AS c
                 LEFT JOIN pg_catalog.pg_database d ON d.oid = r.setdatabase
                 WHERE r.setrole = 0 AND (r.setdatabase = 0 OR d.datname = pg_catalog.current_database())
                     AND pg_catalog.lower(pg_catalog.split_part(c, '=', 1)) = pg_catalog.lower(s.name)
                 ORDER BY r.setdatabase DESC LIMIT 1) AS set_for_all
            FROM pg_catalog.pg_settings s WHERE pg_catalog.lower(s.name) = ANY ($1::pg_catalog.text[])
            """,
            [QuotedText.array(UserCodeSettings.names.map { $0.lowercased() })]
        )
        let isUnknown = rows.contains { $0.bool("is_ours") && $0["set_for_all"] == nil }
        let configured = isUnknown ? try configuredSettings() : [:]
        return UserCodeSettings(
            own: rows.map { row in
                let name = row.text("name")
                guard row.bool("is_ours") else { return (name, row.text("reset_val")) }
                return (name, row["set_for_all"] ?? configured[name.lowercased()] ?? row.text("reset_val"))
            }
        )
    }

    /// The values in the configuration files, by name in lower case; empty if the role may not read them.
    private borrowing func configuredSettings() throws -> [String: String] {
        let may = try query(
            """
            SELECT pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
                AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS may
            """
        )[0].bool("may")
        guard may else { return [:] }
        return Dictionary(
            try query("SELECT pg_catalog.lower(name) AS name, setting FROM pg_catalog.pg_file_settings WHERE applied")
                .map {
                    ($0.text("name"), $0.text("setting"))
                },
            uniquingKeysWith: { _, last in last }
        )
    }
}
