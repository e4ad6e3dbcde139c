import PostgresClient
import Project
import TestSupport
import Testing

@testable import Migrations

/// A pooler between granary and the server.
@Suite struct PoolingTests {
    @Test(.enabled(if: PgBouncer.isInstalled), arguments: [2, 20]) func inSessionModeEverythingWorks(
        size: Int
    ) async throws {
        try await withPool("session", size: size) { project, pool in
            try project.writeMigration("CREATE INDEX CONCURRENTLY i ON shop.a (id);", to: "2_b.up.sql")
            try project.writeMigration("DROP INDEX CONCURRENTLY shop.i;", to: "2_b.down.sql")
            try await #expect(pool.up().appliedSteps.map(\.version) == [1, 2])
            try await #expect(pool.down().revertedSteps.map(\.version) == [2])
            try await #expect(pool.states() == "1 applied, 2 pending")
            // The lock does not remain with the next user of the session.
            try await #expect(project.up().appliedSteps.map(\.version) == [2])
        }
    }

    /// One session holds the lock, and another one runs the files.
    @Test(.enabled(if: PgBouncer.isInstalled)) func aPoolOfOneSessionIsTooSmall() async throws {
        try await withPool("session", size: 1) { _, pool in
            let error = await #expect(throws: PostgresError.self) { try await pool.up() }
            #expect(error?.hint?.contains("a run needs two connections") == true, "\(String(describing: error))")
        }
    }

    @Test(.enabled(if: PgBouncer.isInstalled), arguments: [1, 20]) func inTransactionModeItIsRefusedAndNothingIsRun(
        size: Int
    ) async throws {
        try await withPool("transaction", size: size) { project, pool in
            let error = await #expect(throws: PostgresError.self) { try await pool.up() }
            #expect(error?.code == .pooled)
            #expect(
                error?.description.contains(
                    "the pooler between granary and the server changes sessions with each transaction"
                ) == true
            )
            #expect(error?.hint?.contains("a pool in session mode") == true)
            try await #expect(project.sql("SELECT to_regnamespace('granary') IS NULL") == "t")
            // Commands that change nothing do not need a session of their own.
            try await #expect(pool.states() == "1 pending")
        }
    }

    /// - Parameter size: The number of sessions in the pool.
    private func withPool(
        _ mode: String,
        size: Int,
        _ body: @escaping @Sendable (_ direct: TestProject, _ pooled: TestProject) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await TestProject.with(
            migrations: ["1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);"],
            on: server
        ) {
            project in
            try await PgBouncer.run(before: server, mode: mode, size: size) { pool in
                let name = try await project.sql("SELECT current_database()")
                let url = "postgresql:///\(name)?host=\(pool.folder)&port=6432&user=\(ThrowawayServer.superuser)"
                try await body(project, TestProject(server: project.server, url: url, folder: project.folder))
            }
        }
    }
}
