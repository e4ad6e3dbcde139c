internal import Citus
internal import PostgresClient

/// The snapshots of the nodes of a cluster, all of one moment, and the shards to read in each.
struct ClusterSnapshot: Sendable {
    struct Node: Sendable {
        /// Host and port, for people.
        var place: String
        var address: ServerAddress
        /// The name of its snapshot.
        var snapshot: String
        var locking: TableLocking
        /// The tables with the rows of the shards that are read from this node.
        var tables: [TableName]
    }

    struct Part: Sendable {
        var name: TableName
        /// The position in `nodes`.
        var node: Int
        var size: TableSize
    }

    /// The coordinator first.
    var nodes: [Node]
    /// The shards of each distributed table that has any, by its oid on the coordinator.
    var parts: [UInt32: [Part]]
}

extension Session {
    /// Lets the session lock shards: Citus counts each lock of one as a change, and refuses it.
    borrowing func openShards() throws {
        try execute("SET citus.enable_manual_changes_to_shards TO on")
    }

    /// Lets the session find shards in the catalog, where Citus hides them. Elsewhere they would be taken for tables.
    borrowing func showShards() throws {
        try execute("SET citus.override_table_visibility TO off")
    }

    /// The sizes of distributed tables, from all nodes, by oid; without a table whose size the nodes do not tell. It is
    /// called outside of a transaction, because the coordinator would keep its sessions with the nodes until the end.
    ///
    /// - Throws: `PostgresError`; `CancellationError`.
    borrowing func sizesOfDistributedTables() throws -> [UInt32: TableSize] {
        do {
            let rows = try query(
                """
                SELECT p.logicalrelid::pg_catalog.oid AS relation, pg_catalog.citus_table_size(p.logicalrelid) AS bytes
                FROM pg_catalog.pg_dist_partition p JOIN pg_catalog.pg_class c ON c.oid = p.logicalrelid AND c.relkind = 'r'
                """
            )
            let sizes = rows.map { ($0.oid("relation"), TableSize(bytes: $0.int("bytes"), toastBytes: 0, blocks: 0)) }
            return Dictionary(uniqueKeysWithValues: sizes)
        } catch let error as PostgresError where error.code == .server {
            return [:]
        }
    }
}
