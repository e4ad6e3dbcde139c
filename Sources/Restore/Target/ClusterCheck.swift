internal import Citus
internal import Databases
internal import PostgresClient

/// Whether the target is distributed over several servers, where a swap is impossible.
struct ClusterCheck: Sendable {
    let target: TargetDatabase

    /// - Parameter session: A session with the target.
    func obstacle(_ session: borrowing Session) throws -> Preflight.Obstacle? {
        let workers = try session.citusNodes().filter { $0.group != 0 }
        guard !workers.isEmpty else { return nil }
        return Preflight.Obstacle(
            message: """
                Citus distributes \(target.name) over \(workers.count + 1) servers, and a new database takes its place only on one of \
                them
                """,
            hint: "restore with --in-place, which all servers follow"
        )
    }
}
