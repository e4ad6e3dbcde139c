internal import Citus
internal import Logging
internal import PostgresClient

/// A database that exists on every node of a Citus cluster while a drill uses it. Citus makes databases on one node only.
struct ClusterDatabase: Sendable {
    private let coordinator: ServerAddress
    private let nodes: [CitusNode]
    private let logger: Logger

    /// nil if the server is not the coordinator of workers.
    ///
    /// - Parameter coordinator: A database in which the coordinator knows the workers.
    /// - Throws: `PostgresError`.
    init?(of coordinator: ServerAddress, logger: Logger) async throws {
        self.coordinator = coordinator
        self.logger = logger
        nodes = try await withSession(coordinator, logger: logger) { session in
            try session.pin()
            return try session.citusNodes()
        }
        guard nodes.contains(where: { $0.group != 0 }) else { return nil }
    }

    private var workers: [CitusNode] { nodes.filter { $0.group != 0 } }

    var summary: String { "the coordinator and \(counted(workers.count, "worker"))" }

    /// Creates the database, passes the address of the coordinator's to `body`, and drops those of the workers. The
    /// caller drops that of the coordinator.
    ///
    /// - Throws: `DrillError.obstacles` if a node refuses; errors of `body`.
    func with<R: Sendable>(_ name: String, _ body: () async throws -> R) async throws -> R {
        let mark = try await mark()
        let result: Result<R, any Error>
        do {
            try await dropLeftovers(with: mark)
            try await create(name, mark)
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        // A cancelled task could not connect.
        await Task { await drop(name) }.value
        return try result.get()
    }

    /// The comment on databases of this cluster's drills, because a worker may be one of several clusters. nil if the
    /// coordinator does not tell its number.
    private func mark() async throws -> String? {
        try await withSession(coordinator, logger: logger) { session in
            try session.pin()
            return try session.systemIdentifier().map { "a drill of granary, for the cluster of server \($0)" }
        }
    }

    private func create(_ name: String, _ mark: String?) async throws {
        try await on(coordinator, "the coordinator") { session in
            try session.execute("CREATE DATABASE \(session.quoted(name)) TEMPLATE template0")
        }
        for worker in workers {
            try await on(coordinator.onNode(worker), worker.place) { session in
                try session.execute("CREATE DATABASE \(session.quoted(name)) TEMPLATE template0")
            }
            try await on(coordinator.onNode(worker).database(name), worker.place) { session in
                if let mark {
                    try session.execute("COMMENT ON DATABASE \(session.quoted(name)) IS \(session.literal(mark))")
                }
                try session.execute(Self.extension)
            }
        }
        try await on(coordinator.database(name), "the coordinator") { session in
            try session.execute(Self.extension)
            if let itself = nodes.first(where: { $0.group == 0 }) {
                try session.query(
                    "SELECT pg_catalog.citus_set_coordinator_host($1, $2::int)",
                    [itself.host, String(itself.port)]
                )
            }
            for worker in workers {
                try session.query("SELECT pg_catalog.citus_add_node($1, $2::int)", [worker.host, String(worker.port)])
            }
        }
    }

    private static let `extension` = "CREATE EXTENSION citus"

    private func on(
        _ address: ServerAddress,
        _ place: String,
        _ body: @escaping @Sendable (inout Session) throws -> Void
    ) async throws {
        do {
            try await withSession(address, logger: logger) { session in
                try session.pin()
                try body(&session)
            }
        } catch let error as PostgresError {
            throw DrillError(
                .obstacles,
                "the database of the drill could not be prepared on \(place): \(error)",
                hint: """
                    nothing was restored; the role must be able to create databases and the extension citus on every node, \
                    with the same password
                    """
            )
        }
    }

    /// Drops databases of killed drills, which the coordinator has dropped already.
    private func dropLeftovers(with mark: String?) async throws {
        guard let mark else { return }
        var found: [(worker: CitusNode, names: [String])] = []
        for worker in workers {
            found.append((worker, (try? await marked(mark, on: coordinator.onNode(worker))) ?? []))
        }
        // Read last, because another drill makes its database on the coordinator first.
        let there = try await databases(on: coordinator)
        for (worker, names) in found {
            for name in names where !there.contains(name) {
                await drop(name, on: coordinator.onNode(worker), worker.place)
            }
        }
    }

    private func marked(_ mark: String, on address: ServerAddress) async throws -> [String] {
        try await withSession(address, logger: logger) { session in
            try session.pin()
            return try session.query(
                """
                SELECT datname FROM pg_catalog.pg_database
                WHERE datname ~ '^granary_drill_[0-9]{1,9}_[0-9a-f]{8}$' AND pg_catalog.pg_has_role(datdba, 'USAGE')
                    AND pg_catalog.shobj_description(oid, 'pg_database') = $1 ORDER BY datname
                """,
                [mark]
            ).map { $0.text("datname") }
        }
    }

    private func databases(on address: ServerAddress) async throws -> Set<String> {
        try await withSession(address, logger: logger) { session in
            try session.pin()
            return Set(try session.query("SELECT datname FROM pg_catalog.pg_database").map { $0.text("datname") })
        }
    }

    private func drop(_ name: String) async {
        for worker in workers { await drop(name, on: coordinator.onNode(worker), worker.place) }
    }

    /// Reports no error, because the result of the drill does not depend on it. The next drill tries again.
    private func drop(_ name: String, on address: ServerAddress, _ place: String) async {
        do {
            try await withSession(address, logger: logger) { session in
                try session.pin()
                try session.execute("DROP DATABASE IF EXISTS \(session.quoted(name)) WITH (FORCE)")
            }
        } catch {
            logger.warning("the database \(name) is still on \(place): \(error)")
        }
    }
}

extension CitusNode {
    fileprivate var place: String { "the node \(host):\(port)" }
}
