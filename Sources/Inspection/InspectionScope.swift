internal import PostgresClient

// Looks at a database, and changes nothing but a folder of backups.
//
//     held        a table that a session has locked with ACCESS EXCLUSIVE, or is about to
//     leaf        a table that holds rows itself: no partitioned parent
//     catalogue   a folder of backups, as their manifests describe them

/// Which schemas are looked at.
package enum InspectionScope: Sendable, Equatable {
    /// All but the system's.
    case wholeDatabase
    case schemas([String])

    /// The condition on `pg_namespace`, called `n`, with the parameter `$1`.
    static let condition = """
        ($1::pg_catalog.text[] IS NULL OR n.nspname = ANY ($1::pg_catalog.text[])) AND n.nspname <> 'information_schema'
            AND n.nspname !~ '^pg_'
        """

    /// What `$1` is bound to.
    var parameter: String? {
        if case .schemas(let names) = self { return QuotedText.array(names) }
        return nil
    }
}
