package import Logging
package import PostgresClient

/// The servers of a cluster, and how to connect to them: with the coordinator's database, user and password.
package struct ClusterServers: Sendable {
    /// The nodes, the coordinator first, then in the order of their numbers. Everyone who locks on all nodes begins with
    /// the coordinator, so that none waits for another in a circle.
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

    /// Whether the coordinator, when it lists `nodes`, has the same cluster.
    package func isMade(of nodes: [CitusNode]) -> Bool {
        ClusterServers(nodes: nodes, coordinator: coordinator).nodes == self.nodes
    }

    package func address(_ node: CitusNode) -> ServerAddress {
        node.group == 0 ? coordinator : coordinator.onNode(node)
    }
}

extension ServerAddress {
    /// This database on another node, with the same user and password.
    package func onNode(_ node: CitusNode) -> ServerAddress {
        var address = self
        address.overrides.removeAll { $0.keyword == "hostaddr" }
        return address.setting("host", to: node.host).setting("port", to: String(node.port))
    }
}

extension CitusNode {
    /// Host and port, for people.
    package var place: String { group == 0 ? "the coordinator" : Self.place(host, port) }

    fileprivate static func place(_ host: String, _ port: Int) -> String { "\(host):\(port)" }
}

// What could prevent that all nodes are read at one moment.
extension ClusterServers {
    /// The first reason why the nodes cannot be locked and read by this role; nil if they can.
    ///
    /// - Throws: `CancellationError`.
    package func obstacle(logger: Logger) async throws -> String? {
        let starts: [String: Int]
        switch try await onCoordinator(logger) {
        case .obstacle(let reason): return reason
        case .starts(let found): starts = found
        }
        let reasons = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for (index, node) in nodes.enumerated().dropFirst() {
                group.addTask { (index, try await obstacle(on: node, starts[node.place], logger)) }
            }
            var reasons: [(Int, String?)] = []
            for try await reason in group { reasons.append(reason) }
            return reasons.sorted { $0.0 < $1.0 }.compactMap(\.1)
        }
        return reasons.first
    }

    private enum Answer: Sendable {
        case obstacle(String)
        /// When the server of each other node was started, by `CitusNode.place`.
        case starts([String: Int])
    }

    private func onCoordinator(_ logger: Logger) async throws -> Answer {
        do {
            return try await withSession(coordinator, logger: logger) { session in
                if let reason = try Self.obstacle(on: nodes[0], session) { return .obstacle(reason) }
                return .starts(nodes.count == 1 ? [:] : try Self.startsOfWorkers(session))
            }
        } catch let error as PostgresError {
            return .obstacle("\(nodes[0].place) cannot be used: \(error)")
        }
    }

    /// - Parameter start: When the server was started that the coordinator reaches there; nil if it reaches none.
    private func obstacle(on node: CitusNode, _ start: Int?, _ logger: Logger) async throws -> String? {
        do {
            return try await withSession(address(node), logger: logger) { session in
                if let reason = try Self.obstacle(on: node, session) { return reason }
                guard let start else { return "the coordinator does not reach the node \(node.place)" }
                // From here the name or the port may lead to a node of another cluster with shards of the same names.
                let row = try session.query("SELECT (\(Self.start))::bigint AS start")[0]
                return row.int("start") == start
                    ? nil : "the server at \(node.place) is not the one that the coordinator reaches there"
            }
        } catch let error as PostgresError {
            return "the node \(node.place) cannot be used: \(error)"
        }
    }

    /// The microsecond at which a server was started, which hardly two servers have in common, and which every role may
    /// read.
    private static let start = "extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000"

    private static func startsOfWorkers(_ session: borrowing Session) throws -> [String: Int] {
        let rows = try session.query(
            "SELECT nodename, nodeport, result FROM pg_catalog.run_command_on_workers($1) WHERE success",
            ["SELECT (\(start))::bigint"]
        )
        let starts = rows.compactMap { row in
            Int(row.text("result")).map { (CitusNode.place(row.text("nodename"), row.int("nodeport")), $0) }
        }
        return Dictionary(starts) { one, _ in one }
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
        // A worker knows the whole cluster, too, and may be mistaken for the coordinator.
        let group = try session.query("SELECT groupid FROM pg_catalog.pg_dist_local_group").first?.int("groupid")
        guard group != node.group else { return nil }
        return node.group == 0
            ? "the connection is with a worker instead of the coordinator"
            : "the server at \(node.place) is another node than that of the cluster"
    }
}
