import FoundationEssentials
import Glibc
import PostgresClient
import Synchronization

/// The cluster whose coordinator `GRANARY_TEST_CITUS_URL` names: a database with the extension and at least two workers.
/// Its role must be a superuser on every node.
package enum CitusCluster {
    package static let url = ProcessInfo.processInfo.environment["GRANARY_TEST_CITUS_URL"].flatMap {
        $0.isEmpty ? nil : $0
    }

    package static var isAvailable: Bool { url != nil }

    package static let absence = "GRANARY_TEST_CITUS_URL, which names the coordinator of a Citus cluster, is not set"

    private static let names = Atomic<Int>(0)

    /// The coordinator, then the workers.
    private struct Node: Sendable {
        var host: String
        var port: String

        func address(_ database: String) -> ServerAddress {
            ServerAddress(CitusCluster.url ?? "").setting("host", to: host).setting("port", to: port).database(database)
        }

        func execute(_ sql: String, in database: String = "postgres") async throws {
            try await withSession(address(database), logger: quietLogger) { try $0.execute(sql) }
        }
    }

    /// A new database on every node, with the extension, in which the coordinator knows the workers.
    ///
    /// - Parameters:
    ///   - sql: Runs in it first.
    ///   - isEmpty: Whether to omit the extension.
    package static func withDatabase<R: Sendable>(
        _ sql: String = "",
        isEmpty: Bool = false,
        _ body: (_ url: String) async throws -> R
    ) async throws -> R {
        let nodes = try await nodes()
        let name = "granary_test_\(getpid())_\(names.wrappingAdd(1, ordering: .relaxed).newValue)"
        do {
            for node in nodes { try await node.execute("CREATE DATABASE \(name) TEMPLATE template0") }
            if !isEmpty {
                for node in nodes { try await node.execute("CREATE EXTENSION citus", in: name) }
                let coordinator = nodes[0]
                try await coordinator.execute(
                    "SELECT citus_set_coordinator_host('\(coordinator.host)', \(coordinator.port))",
                    in: name
                )
                for node in nodes.dropFirst() {
                    try await coordinator.execute("SELECT citus_add_node('\(node.host)', \(node.port))", in: name)
                }
                if !sql.isEmpty { try await coordinator.execute(sql, in: name) }
            }
            let coordinator = nodes[0]
            let result = try await body(
                "postgres://\(try await role())@\(coordinator.host):\(coordinator.port)/\(name)"
            )
            try await drop(name, nodes)
            return result
        } catch {
            try? await drop(name, nodes)
            throw error
        }
    }

    /// The databases of all nodes whose names match a pattern of LIKE.
    package static func databases(like pattern: String) async throws -> [String] {
        var names: [String] = []
        for node in try await nodes() {
            names += try await withSession(node.address("postgres"), logger: quietLogger) {
                try $0.query("SELECT datname FROM pg_database WHERE datname LIKE $1", [pattern]).map {
                    $0.text("datname")
                }
            }
        }
        return names
    }

    private static func drop(_ name: String, _ nodes: [Node]) async throws {
        // The coordinator first: its daemon would connect to the workers.
        for node in nodes { try await node.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
    }

    private static func role() async throws -> String {
        try await withSession(ServerAddress(url ?? ""), logger: quietLogger) {
            try $0.query("SELECT current_user AS name")[0].text("name")
        }
    }

    private static func nodes() async throws -> [Node] {
        try await withSession(ServerAddress(url ?? ""), logger: quietLogger) {
            try $0.query(
                "SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid <> 0, nodeid"
            ).map { Node(host: $0.text("nodename"), port: $0.text("nodeport")) }
        }
    }
}

extension TestProject {
    /// Passes a project to `body` whose database is on a cluster.
    ///
    /// - Parameters:
    ///   - sql: Runs on the coordinator first, statement by statement.
    ///   - files: Texts by their names in the folder.
    package static func onCluster(
        _ sql: [String],
        files: KeyValuePairs<String, String> = [:],
        _ body: (TestProject) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            for (name, text) in files { try folder.write(text, to: name) }
            try await CitusCluster.withDatabase { url in
                for statement in sql { try await psql(url, statement) }
                try await body(TestProject(server: server, url: url, folder: folder))
            }
        }
    }
}
