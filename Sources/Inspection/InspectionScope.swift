internal import PostgresClient

// Inspects a database. The only thing it can change is a folder of backups.
//
//     held        a table that a session has locked with ACCESS EXCLUSIVE, or is about to
//     leaf        a table that itself holds rows, unlike a partitioned parent
//     catalogue   a folder of backups, with the data of their manifests

/// The schemas to inspect.
package enum InspectionScope: Sendable, Equatable {
    /// All except the system's.
    case wholeDatabase
    case schemas([String])

    /// A condition on `pg_namespace` named `n`, with the parameter `$1`.
    static let condition = """
        ($1::pg_catalog.text[] IS NULL OR n.nspname = ANY ($1::pg_catalog.text[])) AND n.nspname <> 'information_schema'
            AND n.nspname !~ '^pg_'
        """

    /// The value for `$1`.
    var parameter: String? {
        if case .schemas(let names) = self { return QuotedText.array(names) }
        return nil
    }
}
