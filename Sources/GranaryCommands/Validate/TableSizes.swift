internal import Citus
internal import PostgresClient
internal import SQLText

/// The sizes of tables, for rules that depend on them.
enum TableSizes {
    /// In bytes, estimated, because asking the server for sizes would wait for locks on the tables.
    ///
    /// - Throws: `PostgresError`, `CancellationError`.
    static func read(_ server: ServerAddress, _ console: Console) async throws -> [RelationName: Int] {
        try await withSession(server, logger: console.logger) { session in
            try session.transaction("BEGIN READ ONLY") { session in
                let rows = try session.query(
                    """
                    SELECT n.nspname AS schema, c.relname AS name,
                           (c.relpages + coalesce(t.relpages, 0))::bigint * pg_catalog.current_setting('block_size')::bigint AS bytes
                    FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
                    WHERE c.relkind IN ('r', 'm') AND c.reltuples >= 0
                      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                    """
                )
                var sizes: [RelationName: Int] = [:]
                for row in rows {
                    guard let schema = row["schema"], let name = row["name"],
                        let bytes = row["bytes"].flatMap({ Int($0) })
                    else { continue }
                    sizes[RelationName(schema: schema, name: name)] = bytes
                }
                try readShards(session, &sizes)
                return sizes
            }
        }
    }

    /// The tables of Citus are empty on the coordinator.
    private static func readShards(_ session: borrowing Session, _ sizes: inout [RelationName: Int]) throws {
        let tables = try session.citusTables()
        guard !tables.isEmpty else { return }
        let shards = try session.citusSizes(mayStat: false)
        for table in tables {
            let name = RelationName(schema: table.name.schema, name: table.name.name)
            guard let size = shards[table.oid], size.rowsEstimate != nil else {
                sizes[name] = nil
                continue
            }
            sizes[name] = size.heapBytes + size.toastBytes
        }
    }
}
