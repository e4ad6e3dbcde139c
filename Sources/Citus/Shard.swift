package import PostgresClient

/// A part of a distributed table. Reference tables and local tables that Citus manages have one shard.
package struct Shard: Sendable, Equatable {
    /// The cluster's number of the shard.
    package var id: Int
    /// The oid of the distributed table on the coordinator.
    package var table: UInt32
    /// The table on the nodes that has the rows.
    package var name: TableName
    /// The groups of the nodes that have all of its rows, the lowest first; empty if no node has.
    package var groups: [Int]

    /// The group to read it from: the coordinator if it can be, else any, the next shard from the next one.
    package var source: Int? {
        groups.isEmpty ? nil : groups[0] == 0 ? 0 : groups[id % groups.count]
    }
}

extension Session {
    /// The shards of `tables`, in the order of their numbers. Tables that Citus does not know have none.
    ///
    /// - Parameter tables: Oids of tables.
    /// - Throws: `PostgresError`.
    package borrowing func shards(of tables: [UInt32]) throws -> [Shard] {
        try query(
            """
            SELECT s.shardid, s.logicalrelid::pg_catalog.oid AS relation, n.nspname,
                pg_catalog.parse_ident(pg_catalog.shard_name(s.logicalrelid, s.shardid)) AS name,
                (SELECT pg_catalog.array_agg(p.groupid ORDER BY p.groupid) FROM pg_catalog.pg_dist_placement p
                 WHERE p.shardid = s.shardid AND p.shardstate = 1) AS groups
            FROM pg_catalog.pg_dist_shard s
            JOIN pg_catalog.pg_class c ON c.oid = s.logicalrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE s.logicalrelid = ANY ($1::pg_catalog.oid[])
            ORDER BY s.shardid
            """,
            ["{" + tables.map(String.init).joined(separator: ",") + "}"]
        ).map { row in
            Shard(
                id: row.int("shardid"),
                table: row.oid("relation"),
                // The function leaves out the schema `public`.
                name: TableName(schema: row.text("nspname"), name: row.texts("name").last ?? ""),
                groups: row.texts("groups").compactMap { Int($0) }
            )
        }
    }
}
