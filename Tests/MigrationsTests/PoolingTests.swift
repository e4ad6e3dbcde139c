import Environments
import Glibc
import LocalServer
import PostgresClient
import TestSupport
import Testing

@testable import Migrations

/// A pooler between granary and the server.
@Suite struct PoolingTests {
    @Test(arguments: [
        (own: [7, 7, 7], other: 8, isShared: false), ([7, 7, 7], nil, false), ([7, 7, 7], 7, true),
        ([7, 8, 7], 9, true), ([7, 8, 8], 8, true),
    ])
    func aSessionThatSomebodyElseIsGivenToIsShared(_ found: (own: [Int], other: Int?, isShared: Bool)) {
        #expect(SessionPooling.isShared(own: found.own, other: found.other) == found.isShared)
    }

    @Test(.enabled(if: PgBouncer.isInstalled), arguments: [1, 20]) func inSessionModeEverythingWorks(
        size: Int
    ) async throws {
        try await withPool("session", size: size) { project, pool in
            try project.write("CREATE INDEX CONCURRENTLY i ON shop.a (id);", to: "2_b.up.sql")
            try project.write("DROP INDEX CONCURRENTLY shop.i;", to: "2_b.down.sql")
            try await #expect(pool.up().appliedSteps.map(\.version) == [1, 2])
            try await #expect(pool.down().revertedSteps.map(\.version) == [2])
            try await #expect(pool.states() == "1 applied, 2 pending")
            // The lock is not left to whoever gets the session next.
            try await #expect(project.up().appliedSteps.map(\.version) == [2])
        }
    }

    @Test(.enabled(if: PgBouncer.isInstalled), arguments: [1, 20]) func inTransactionModeItIsRefusedAndNothingIsRun(
        size: Int
    ) async throws {
        try await withPool("transaction", size: size) { project, pool in
            let error = await failure { try await pool.up() }
            #expect(error?.code == .policy)
            #expect(error?.message.contains("a pooler that changes sessions with each transaction") == true)
            #expect(error?.hint?.contains("a pool in session mode") == true)
            try await #expect(project.sql("SELECT to_regnamespace('granary') IS NULL") == "t")
            // What changes nothing needs no session of its own.
            try await #expect(pool.states() == "1 pending")
        }
    }

    /// - Parameter size: How many sessions the pool has.
    private func withPool(
        _ mode: String,
        size: Int,
        _ body: @escaping @Sendable (_ direct: Project, _ pooled: Project) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await Project.with(["1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);"], on: server) {
            project in
            try await PgBouncer.run(before: server, mode: mode, size: size) { pool in
                let name = try await project.sql("SELECT current_database()")
                let url = "postgresql:///\(name)?host=\(pool.folder)&port=6432&user=\(ThrowawayServer.superuser)"
                try await body(project, Project(url: url, folder: project.folder))
            }
        }
    }
}

/// Debian's pgbouncer, in the foreground and on a socket of its own, as long as a closure takes.
struct PgBouncer: Sendable {
    let folder: String

    private static let program: String? = {
        let paths = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
        return paths.first { access($0, X_OK) == 0 }
    }()
    static var isInstalled: Bool { program != nil }

    static func run(
        before server: ThrowawayServer,
        mode: String,
        size: Int,
        _ body: @escaping @Sendable (PgBouncer) async throws -> Void
    ) async throws {
        guard let program else { return }
        try await ScratchFolder.with { scratch in
            let pool = PgBouncer(folder: scratch.path)
            let users = try scratch.write("\"\(ThrowawayServer.superuser)\" \"\"\n", to: "users.txt")
            let file = try scratch.write(
                """
                [databases]
                * = host=\(server.folder) port=5432 user=\(ThrowawayServer.superuser)
                [pgbouncer]
                listen_addr =
                listen_port = 6432
                unix_socket_dir = \(scratch.path)
                auth_type = any
                auth_file = \(users)
                pool_mode = \(mode)
                default_pool_size = \(size)
                """,
                to: "pgbouncer.ini"
            )
            // It does not run as root.
            for path in [scratch.path, users, file] { lchown(path, server.account.userID, server.account.groupID) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // Should we be killed, it ends by itself.
                    let outcome = try await Program(as: server.account).run(
                        "/usr/bin/timeout",
                        ["300", program, "-q", file]
                    )
                    throw CommandFailure(description: "pgbouncer ended: \(outcome.errors)")
                }
                group.addTask {
                    try await eventually { access("\(pool.folder)/.s.PGSQL.6432", F_OK) == 0 }
                    try await body(pool)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }
}
