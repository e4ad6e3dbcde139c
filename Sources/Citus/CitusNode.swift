package import PostgresClient

/// A server of a Citus cluster.
package struct CitusNode: Sendable, Equatable {
    /// The cluster's number of the node.
    package var id: Int
    /// The group of the node and its standbys; 0 for the coordinator.
    package var group: Int
    /// As the other nodes reach it.
    package var host: String
    package var port: Int
}

extension Session {
    /// The active nodes of the cluster without standbys, in the order of their numbers, with the coordinator first. The
    /// coordinator is not listed until it is added as a node. Empty without Citus.
    ///
    /// - Throws: `PostgresError`.
    package borrowing func citusNodes() throws -> [CitusNode] {
        guard try hasCitus() else { return [] }
        return try query(
            """
            SELECT nodeid, groupid, nodename, nodeport FROM pg_catalog.pg_dist_node
            WHERE noderole = 'primary' AND isactive ORDER BY groupid <> 0, nodeid
            """
        ).map {
            CitusNode(
                id: $0.int("nodeid"),
                group: $0.int("groupid"),
                host: $0.text("nodename"),
                port: $0.int("nodeport")
            )
        }
    }
}
