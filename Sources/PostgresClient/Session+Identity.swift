extension Session {
    /// The number that `initdb` gave to the cluster; copies of its files have the same one. Every role may call
    /// `pg_control_system()` unless a provider has revoked that; then it is nil.
    package borrowing func systemIdentifier() throws -> String? {
        let may = try query(
            "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may"
        )[0].bool("may")
        guard may else { return nil }
        return try query("SELECT system_identifier FROM pg_catalog.pg_control_system()")[0]["system_identifier"]
    }
}
