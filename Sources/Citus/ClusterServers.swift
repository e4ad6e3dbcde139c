package import Logging
package import PostgresClient

/// The servers of a cluster, and how to connect to them: with the coordinator's database, user and password.
package struct ClusterServers: Sendable {
    /// The nodes, the coordinator first, then in the order of their numbers. Everyone who locks on all nodes does it in
    /// this order, so that none waits for another in a circle.
    package let nodes: [CitusNode]
    private let coordinator: ServerAddress

    /// - Parameters:
    ///   - nodes: The nodes that the coordinator lists, which may lack the coordinator itself.
    ///   - coordinator: The address of the coordinator.
    package init(nodes: [CitusNode], coordinator: ServerAddress) {
        let itself = nodes.first { $0.group == 0 } ?? CitusNode(id: 0, group: 0, host: "the coordinator", port: 0)
        self.nodes = [itself] + nodes.filter { $0.group != 0 }
        self.coordinator = coordinator
    }

    package var addresses: [ServerAddress] { nodes.map(address) }

    package func address(_ node: CitusNode) -> ServerAddress {
        guard node.group != 0 else { return coordinator }
        var address = coordinator
        address.overrides.removeAll { $0.keyword == "hostaddr" }
        return address.setting("host", to: node.host).setting("port", to: String(node.port))
    }
}

extension CitusNode {
    /// Host and port, for people.
    package var place: String { group == 0 ? "the coordinator" : "\(host):\(port)" }
}

// What could prevent that all nodes are read at one moment.
extension ClusterServers {
    /// The first reason why the nodes cannot be locked and read by this role; nil if they can.
    ///
    /// - Throws: `CancellationError`.
    package func obstacle(logger: Logger) async throws -> String? {
        let reasons = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for (index, node) in nodes.enumerated() {
                group.addTask { (index, try await obstacle(on: node, logger)) }
            }
            var reasons: [(Int, String?)] = []
            for try await reason in group { reasons.append(reason) }
            return reasons.sorted { $0.0 < $1.0 }.compactMap(\.1)
        }
        return reasons.first
    }

    private func obstacle(on node: CitusNode, _ logger: Logger) async throws -> String? {
        do {
            return try await withSession(address(node), logger: logger) { try Self.obstacle(on: node, $0) }
        } catch let error as PostgresError {
            return "the node \(node.place) cannot be used: \(error)"
        }
    }

    private static func obstacle(on node: CitusNode, _ session: borrowing Session) throws -> String? {
        guard try session.hasCitus() else { return "the database has no Citus on \(node.place)" }
        let row = try session.query(
            """
            SELECT pg_catalog.pg_is_in_recovery() AS standby,
                pg_catalog.has_table_privilege('pg_catalog.pg_dist_partition', 'UPDATE, DELETE, TRUNCATE')
                AND pg_catalog.has_table_privilege('pg_catalog.pg_dist_transaction', 'UPDATE, DELETE, TRUNCATE') AS may
            """
        )[0]
        guard !row.bool("standby") else { return "\(node.place) is a standby, where the writers cannot be locked" }
        guard row.bool("may") else {
            return "\(session.user) may not lock the catalogs of Citus on \(node.place), which superusers may"
        }
        guard node.group != 0 else { return nil }
        // Elsewhere the name or the port of a node may lead to another server.
        let group = try session.query("SELECT groupid FROM pg_catalog.pg_dist_local_group").first?.int("groupid")
        guard group == node.group else { return "the server at \(node.place) is another node than that of the cluster" }
        return nil
    }
}
