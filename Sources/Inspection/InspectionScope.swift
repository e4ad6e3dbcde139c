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

    /// A condition on `pg_namespace` named `n`, with the parameter `$1`. The extension of columnar tables keeps their
    /// stripes in a schema of its own, which are no tables of the user.
    static let condition = """
        ($1::pg_catalog.text[] IS NULL OR n.nspname = ANY ($1::pg_catalog.text[])) AND n.nspname <> 'information_schema'
            AND n.nspname !~ '^pg_' AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend own JOIN pg_catalog.pg_extension e ON e.oid = own.refobjid
                WHERE own.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND own.objid = n.oid
                    AND own.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND own.deptype = 'e'
                    AND e.extname = 'citus_columnar')
        """

    /// The value for `$1`.
    var parameter: String? {
        if case .schemas(let names) = self { return QuotedText.array(names) }
        return nil
    }
}
