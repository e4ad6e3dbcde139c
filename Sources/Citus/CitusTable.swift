package import PostgresClient

/// A table in the metadata of Citus, as it is in the cluster now.
package struct CitusTable: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// In shards, by the hash of a column or, made by hand, by range or append.
        case distributed
        /// Complete on every node.
        case reference
        /// In one shard.
        case singleShard = "single-shard"
        /// In one shard, on the node of its schema.
        case schema
        /// On the coordinator.
        case managedLocal = "managed local"
    }

    package var oid: UInt32
    package var name: TableName
    package var kind: Kind
    /// The distribution column; nil for kinds without one.
    package var column: String?
    /// The cluster's number of the group of colocated tables; nil for tables outside of groups.
    package var group: Int?
    /// nil for tables that are not divided.
    package var shards: Int?

    /// `distributed by id in 32 shards, group 4`.
    package var summary: String {
        var words = kind == .schema ? "in a distributed schema" : kind.rawValue
        if let column { words += " by \(column)" }
        if let shards { words += " in \(shards) shards" }
        if let group { words += ", group \(group)" }
        return words
    }
}

extension Session {
    /// The tables in the metadata of Citus, partitions included; empty without Citus. Reads the catalogs, not Citus's
    /// views, which query every node.
    ///
    /// - Throws: `PostgresError`.
    package borrowing func citusTables() throws -> [CitusTable] {
        guard try hasCitus() else { return [] }
        // Schemas are distributed since Citus 12.0.
        let hasSchemas = try query("SELECT pg_catalog.to_regclass('pg_catalog.pg_dist_schema') IS NOT NULL AS there")[0]
            .bool("there")
        return try query(
            """
            SELECT c.oid, n.nspname, c.relname, p.partmethod, p.repmodel, p.colocationid, g.shardcount,
                \(hasSchemas ? "EXISTS (SELECT FROM pg_catalog.pg_dist_schema s WHERE s.schemaid = n.oid)" : "false") AS in_schema,
                CASE WHEN p.partmethod <> 'n' AND p.partkey IS NOT NULL
                    THEN pg_catalog.column_to_column_name(p.logicalrelid, p.partkey) END AS key
            FROM pg_catalog.pg_dist_partition p
            JOIN pg_catalog.pg_class c ON c.oid = p.logicalrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_dist_colocation g ON g.colocationid = p.colocationid
            ORDER BY n.nspname, c.relname
            """
        ).map { row in
            let group = row.int("colocationid")
            let kind: CitusTable.Kind =
                if row.text("partmethod") != "n" {
                    .distributed
                } else if row.text("repmodel") == "t" {
                    .reference
                } else if group == 0 {
                    .managedLocal
                } else {
                    row.bool("in_schema") ? .schema : .singleShard
                }
            return CitusTable(
                oid: row.oid("oid"),
                name: TableName(schema: row.text("nspname"), name: row.text("relname")),
                kind: kind,
                column: row["key"],
                group: kind == .reference || group == 0 ? nil : group,
                shards: kind == .distributed ? row["shardcount"].flatMap { Int($0) } : nil
            )
        }
    }
}
