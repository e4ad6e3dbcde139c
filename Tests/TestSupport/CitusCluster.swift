import FoundationEssentials
import Glibc
package import PostgresClient
import Synchronization

/// The cluster whose coordinator `GRANARY_TEST_CITUS_URL` names: a database with the extension and two workers. Its role
/// must be a superuser on every node.
package enum CitusCluster {
    package static let url = ProcessInfo.processInfo.environment["GRANARY_TEST_CITUS_URL"].flatMap {
        $0.isEmpty ? nil : $0
    }

    package static var isAvailable: Bool { url != nil }

    package static let absence = "GRANARY_TEST_CITUS_URL, which names the coordinator of a Citus cluster, is not set"

    private static let names = Atomic<Int>(0)

    private struct Place: Sendable {
        var host: String
        var port: String

        func address(_ database: String) -> ServerAddress {
            ServerAddress(CitusCluster.url ?? "").setting("host", to: host).setting("port", to: port).database(database)
        }
    }

    /// A new database on every node, with the extension, in which the coordinator knows the workers.
    ///
    /// - Parameters:
    ///   - sql: Runs on the coordinator first; see `run`.
    ///   - isEmpty: Whether to omit the extension.
    ///   - body: Gets the address on the coordinator, then those on the workers.
    package static func withNodes<R>(
        _ sql: String = "",
        isEmpty: Bool = false,
        _ body: (_ nodes: [ServerAddress]) async throws -> R
    ) async throws -> R {
        let places = try await places()
        guard places.count == 3 else {
            throw CommandFailure(description: "the cluster has \(places.count) nodes, not 3")
        }
        let name = "granary_test_\(getpid())_\(names.wrappingAdd(1, ordering: .relaxed).newValue)"
        let nodes = places.map { $0.address(name) }
        do {
            for place in places {
                try await run("CREATE DATABASE \(name) TEMPLATE template0", place.address("postgres"))
            }
            if !isEmpty {
                for node in nodes { try await run("CREATE EXTENSION citus", node) }
                for (index, place) in places.enumerated() {
                    let function = index == 0 ? "citus_set_coordinator_host" : "citus_add_node"
                    try await run("SELECT pg_catalog.\(function)('\(place.host)', \(place.port))", nodes[0])
                }
                if !sql.isEmpty { try await run(sql, nodes[0]) }
            }
            let result = try await body(nodes)
            try await drop(name, places)
            return result
        } catch {
            try? await drop(name, places)
            throw error
        }
    }

    /// As `withNodes`, for tests that need the coordinator alone.
    package static func withDatabase<R>(
        _ sql: String = "",
        isEmpty: Bool = false,
        _ body: (_ url: String) async throws -> R
    ) async throws -> R {
        let (place, role) = (try await places()[0], try await role())
        return try await withNodes(sql, isEmpty: isEmpty) { nodes in
            let name = nodes[0].resolvedDatabase
            return try await body("postgres://\(role)@\(place.host):\(place.port)/\(name)")
        }
    }

    /// Runs statements under the usual search path, each in a transaction of its own.
    package static func run(_ sql: String, _ node: ServerAddress) async throws {
        try await withSession(node, logger: quietLogger) { session in
            try session.execute("SET search_path TO DEFAULT")
            for statement in sql.split(separator: ";\n") { try session.execute(String(statement)) }
        }
    }

    /// The databases of all nodes whose names match a pattern of LIKE.
    package static func databases(like pattern: String) async throws -> [String] {
        var names: [String] = []
        for place in try await places() {
            names += try await withSession(place.address("postgres"), logger: quietLogger) {
                try $0.query("SELECT datname FROM pg_database WHERE datname LIKE $1", [pattern]).map {
                    $0.text("datname")
                }
            }
        }
        return names
    }

    private static func drop(_ name: String, _ places: [Place]) async throws {
        // The coordinator first: its daemon would connect to the workers.
        for place in places {
            try await run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)", place.address("postgres"))
        }
    }

    private static func role() async throws -> String {
        try await withSession(ServerAddress(url ?? ""), logger: quietLogger) {
            try $0.query("SELECT current_user AS name")[0].text("name")
        }
    }

    /// The coordinator, then the workers.
    private static func places() async throws -> [Place] {
        try await withSession(ServerAddress(url ?? ""), logger: quietLogger) {
            try $0.query(
                "SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid <> 0, nodeid"
            ).map { Place(host: $0.text("nodename"), port: $0.text("nodeport")) }
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
