extension Session {
    /// Settings that fix the text form of values, independently of role and database.
    ///
    /// The formats are those of pg_dump. A dump and its restore need the same ones, and so does `restore.sql`.
    package static let valueSettings: [(name: String, value: String)] = [
        ("DateStyle", "ISO, YMD"), ("IntervalStyle", "postgres"), ("TimeZone", "UTC"), ("extra_float_digits", "3"),
        ("bytea_output", "hex"), ("xmloption", "content"), ("xmlbinary", "base64"), ("lc_monetary", "C"),
        ("lc_numeric", "C"), ("search_path", ""), ("standard_conforming_strings", "on"),
        ("array_nulls", "on"),
    ]

    /// The server's timeouts, with the version that introduced each.
    static let timeouts: [(name: String, since: Int)] = [
        ("statement_timeout", 0), ("lock_timeout", 0), ("idle_in_transaction_session_timeout", 0),
        ("idle_session_timeout", 140_000), ("transaction_timeout", 170_000),
    ]

    /// Whether the setting is a time-out that a newer server has and this one does not.
    package borrowing func lacksTimeout(_ name: String) -> Bool {
        Session.timeouts.contains { $0.name == name && $0.since > serverVersion }
    }

    /// Switches all timeouts off.
    package static let noTimeouts: [(name: String, value: String)] = timeouts.map { ($0.name, "0") }

    /// Settings that a role or a database may have changed and that could interrupt a long operation.
    private static let patience: [(name: String, value: String)] =
        noTimeouts + [
            ("client_min_messages", "warning"),
            ("default_transaction_deferrable", "off"),
            ("quote_all_identifiers", "off"), ("synchronize_seqscans", "off"), ("enable_tidscan", "on"),
            // With it on, planning a query would evaluate constants in the CHECKs of its tables.
            ("constraint_exclusion", "partition"),
            ("escape_string_warning", "off"), ("vacuum_cost_delay", "0"), ("jit", "off"),
            // The statement of a killed client ends too, instead of running on.
            ("client_connection_check_interval", "1s"),
        ]

    /// Fixes the session's settings: the formats of values, no timeouts, and `others`. Settings that the server does
    /// not know are skipped.
    ///
    /// - Parameter values: The formats. For user code those of its database (`UserCodeSettings`).
    package borrowing func pin(
        _ others: [(name: String, value: String)] = [],
        values: [(name: String, value: String)] = Session.valueSettings
    ) throws {
        // Each name once, with its last value: the server does not define the order for a name that occurs twice.
        let usual = (values + Session.patience).filter { setting in
            !others.contains { $0.name.lowercased() == setting.name.lowercased() }
        }
        try set(usual + others)
    }

    /// Sets only the formats of values, for rows that are read in one session and written in another.
    package borrowing func setValueFormats() throws {
        try set(Session.valueSettings.filter { $0.name != "search_path" })
    }

    /// Sets each of `settings` for the session. Settings that the server does not know are skipped.
    package borrowing func set(_ settings: [(name: String, value: String)]) throws {
        guard !settings.isEmpty else { return }
        try query(settingStatement(settings))
    }

    /// The statement that `set` executes, correct under any search path.
    package borrowing func settingStatement(_ settings: [(name: String, value: String)]) -> String {
        let values = settings.map { "(\(literal($0.name)), \(literal($0.value)))" }.joined(separator: ", ")
        return """
            SELECT pg_catalog.set_config(s.name, v.value, false)
            FROM (VALUES \(values)) AS v (name, value)
            JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) pg_catalog.lower(v.name)
            """
    }
}
