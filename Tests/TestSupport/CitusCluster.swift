import Glibc
package import PostgresClient

/// A running Citus cluster that tests may use: `GRANARY_TEST_CITUS_URL` names a database of its coordinator, as a
/// superuser, which lists two workers.
package enum CitusCluster {
    package static let url = getenv("GRANARY_TEST_CITUS_URL").map { String(cString: $0) }
    package static let isGiven = url != nil
    package static let absence: StaticString = "GRANARY_TEST_CITUS_URL names no Citus cluster"

    /// Creates a database on all nodes, adds the nodes to it, passes the addresses to `body`, the coordinator's first,
    /// and drops it.
    package static func withDatabase<R>(
        _ sql: String,
        _ body: (_ nodes: [ServerAddress]) async throws -> R
    ) async throws -> R {
        let coordinator = ServerAddress(url ?? "")
        let places = try await withSession(coordinator, logger: quietLogger) { session in
            try session.query(
                """
                SELECT nodename, nodeport FROM pg_catalog.pg_dist_node
                WHERE noderole = 'primary' AND isactive ORDER BY groupid
                """
            ).map { (host: $0.text("nodename"), port: $0.text("nodeport")) }
        }
        guard places.count == 3 else {
            throw CommandFailure(description: "the cluster has \(places.count) nodes, not 3")
        }
        let name = "granary_test_\(UInt32.random(in: 0 ... .max))"
        let servers = places.map { coordinator.setting("host", to: $0.host).setting("port", to: $0.port) }
        for server in servers { try await run("CREATE DATABASE \(name)", server) }
        let nodes = servers.map { $0.database(name) }
        let result: R
        do {
            for node in nodes { try await run("CREATE EXTENSION citus", node) }
            let adding = places.enumerated().map { index, place in
                let function = index == 0 ? "citus_set_coordinator_host" : "citus_add_node"
                return "SELECT pg_catalog.\(function)('\(place.host)', \(place.port));\n"
            }
            for statement in adding { try await run(statement, nodes[0]) }
            try await run(sql, nodes[0])
            result = try await body(nodes)
        } catch {
            for server in servers { try? await run("DROP DATABASE \(name) WITH (FORCE)", server) }
            throw error
        }
        for server in servers { try await run("DROP DATABASE \(name) WITH (FORCE)", server) }
        return result
    }

    /// Runs statements under the usual search path, each in a transaction of its own.
    package static func run(_ sql: String, _ node: ServerAddress) async throws {
        try await withSession(node, logger: quietLogger) { session in
            try session.execute("SET search_path TO DEFAULT")
            for statement in sql.split(separator: ";\n") { try session.execute(String(statement)) }
        }
    }
}
