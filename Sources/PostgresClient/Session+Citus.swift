extension Session {
    /// Whether the database has the extension Citus, which distributes tables over several servers.
    ///
    /// - Throws: `PostgresError`.
    package borrowing func hasCitus() throws -> Bool {
        try query(
            """
            SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')
                AND pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL AS there
            """
        )[0].bool("there")
    }

    /// The tables that Citus distributes over nodes, including reference tables; empty without Citus. Reads Citus's
    /// catalogs, not its views, which would query every node.
    ///
    /// - Throws: `PostgresError`.
    package borrowing func distributedTables() throws -> [TableName] {
        guard try hasCitus() else { return [] }
        return try query(
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_dist_partition p
            JOIN pg_catalog.pg_class c ON c.oid = p.logicalrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            ORDER BY n.nspname, c.relname
            """
        ).map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
    }
}
