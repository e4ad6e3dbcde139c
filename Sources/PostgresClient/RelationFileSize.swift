extension Session {
    /// Whether the role may read the sizes of files.
    ///
    /// - Throws: `PostgresError`.
    package borrowing func mayStat() throws -> Bool {
        try query(
            "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_stat_file(text,boolean)', 'EXECUTE') AS may"
        )[0].bool("may")
    }
}

/// SQL for the size of a relation's file without a lock: the server's size functions wait behind ACCESS EXCLUSIVE, and a
/// migration would wait for them.
package struct RelationFileSize: Sendable {
    /// The size of the relation in bytes.
    package let expression: String
    /// Joins that the expression needs.
    package let joins: String

    /// - Parameters:
    ///   - alias: The name of `pg_class` in the query.
    ///   - mayStat: Whether the role may call `pg_stat_file`. If not, the size is that of the last VACUUM or ANALYZE.
    package init(of alias: String, mayStat: Bool) {
        guard mayStat else {
            expression = "\(alias).relpages::bigint * pg_catalog.current_setting('block_size')::bigint"
            joins = ""
            return
        }
        // A file of 1 GB is followed by others, which the number of pages may not include.
        expression = """
            CASE WHEN f.size >= 1073741824 THEN f.size + (
                SELECT coalesce(pg_catalog.sum((pg_catalog.pg_stat_file(f.path || '.' || s.number, true)).size), 0)
                FROM pg_catalog.generate_series(1, 64 + \(alias).relpages / 65536) AS s (number)) ELSE f.size END
            """
        joins = """
            CROSS JOIN LATERAL (SELECT pg_catalog.pg_relation_filepath(\(alias).oid) AS path OFFSET 0) AS p
            CROSS JOIN LATERAL (
                SELECT p.path, coalesce((pg_catalog.pg_stat_file(p.path, true)).size, 0) AS size OFFSET 0) AS f
            """
    }
}
