extension Session {
    /// Settings that make a value's text the same whatever the role or the database has set.
    ///
    /// The formats are pg_dump's; a dump and its restore need the same ones, `restore.sql` included.
    package static let valueSettings: [(name: String, value: String)] = [
        ("DateStyle", "ISO, YMD"), ("IntervalStyle", "postgres"), ("TimeZone", "UTC"), ("extra_float_digits", "3"),
        ("bytea_output", "hex"), ("xmloption", "content"), ("xmlbinary", "base64"), ("lc_monetary", "C"),
        ("lc_numeric", "C"), ("search_path", ""), ("standard_conforming_strings", "on"),
        ("array_nulls", "on"),
    ]

    /// The server's time-outs, and the version that brought each.
    static let timeouts: [(name: String, since: Int)] = [
        ("statement_timeout", 0), ("lock_timeout", 0), ("idle_in_transaction_session_timeout", 0),
        ("idle_session_timeout", 140_000), ("transaction_timeout", 170_000),
    ]

    /// Whether the setting is a time-out that a newer server has and this one does not.
    package borrowing func lacksTimeout(_ name: String) -> Bool {
        Session.timeouts.contains { $0.name == name && $0.since > serverVersion }
    }

    /// All time-outs switched off.
    package static let noTimeouts: [(name: String, value: String)] = timeouts.map { ($0.name, "0") }

    /// Settings that a role or a database may have changed and that would cut a long piece of work short.
    private static let patience: [(name: String, value: String)] =
        noTimeouts + [
            ("client_min_messages", "warning"),
            ("default_transaction_read_only", "off"), ("default_transaction_deferrable", "off"),
            ("quote_all_identifiers", "off"), ("synchronize_seqscans", "off"), ("enable_tidscan", "on"),
            // With it on, planning a query would work out what is constant in the CHECKs of its tables.
            ("constraint_exclusion", "partition"),
            ("escape_string_warning", "off"), ("vacuum_cost_delay", "0"), ("jit", "off"),
            // A statement of a client that was killed ends too, instead of running on for nobody.
            ("client_connection_check_interval", "1s"),
        ]

    /// Pins the session: the values' formats, no timeouts, and `others`. A setting that the server does not know is left out.
    ///
    /// - Parameter values: The formats; those of the database where user code runs (`UserCodeSettings`).
    package borrowing func pin(
        _ others: [(name: String, value: String)] = [],
        values: [(name: String, value: String)] = Session.valueSettings
    ) throws {
        // Each once, the last word counting: in what order the server would set one twice is not said.
        let usual = (values + Session.patience).filter { setting in
            !others.contains { $0.name.lowercased() == setting.name.lowercased() }
        }
        try set(usual + others)
    }

    /// The values' formats alone: for rows that are read from one session and written in another.
    package borrowing func setValueFormats() throws {
        try set(Session.valueSettings.filter { $0.name != "search_path" })
    }

    /// Sets each of `settings` for the session. A setting that the server does not know is left out.
    package borrowing func set(_ settings: [(name: String, value: String)]) throws {
        guard !settings.isEmpty else { return }
        try query(settingStatement(settings))
    }

    /// What `set` executes, right under any search path too.
    package borrowing func settingStatement(_ settings: [(name: String, value: String)]) -> String {
        let values = settings.map { "(\(literal($0.name)), \(literal($0.value)))" }.joined(separator: ", ")
        return """
            SELECT pg_catalog.set_config(s.name, v.value, false)
            FROM (VALUES \(values)) AS v (name, value)
            JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) pg_catalog.lower(v.name)
            """
    }
}
