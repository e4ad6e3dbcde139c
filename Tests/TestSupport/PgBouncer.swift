import Glibc
import LocalServer

/// Debian's pgbouncer in the foreground, with its own socket, while a closure runs.
package struct PgBouncer: Sendable {
    package let folder: String

    private static let program: String? = {
        let paths = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
        return paths.first { access($0, X_OK) == 0 }
    }()
    package static var isInstalled: Bool { program != nil }

    /// - Parameters:
    ///   - mode: `session` or `transaction`.
    ///   - size: The number of sessions in the pool.
    ///   - databases: The lines of its database list; nil permits every database.
    package static func run(
        before server: ThrowawayServer,
        mode: String,
        size: Int,
        databases: [String]? = nil,
        _ body: @escaping @Sendable (PgBouncer) async throws -> Void
    ) async throws {
        guard let program else { return }
        try await ScratchFolder.with { scratch in
            let pool = PgBouncer(folder: scratch.path)
            let users = try scratch.write("\"\(ThrowawayServer.superuser)\" \"\"\n", to: "users.txt")
            let list = (databases ?? ["*"])
                .map { "\($0) = host=\(server.folder) port=5432 user=\(ThrowawayServer.superuser)" }
                .joined(separator: "\n")
            let file = try scratch.write(
                """
                [databases]
                \(list)
                [pgbouncer]
                listen_addr =
                listen_port = 6432
                unix_socket_dir = \(scratch.path)
                auth_type = trust
                auth_file = \(users)
                pool_mode = \(mode)
                default_pool_size = \(size)
                """,
                to: "pgbouncer.ini"
            )
            // It refuses to run as root.
            for path in [scratch.path, users, file] { lchown(path, server.account.userID, server.account.groupID) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // It ends by itself if this process is killed.
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
