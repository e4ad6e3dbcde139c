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
            try project.write("CREATE INDEX CONCURRENTLY i ON shop.a (id);", to: "2_b.up.sql")
            try project.write("DROP INDEX CONCURRENTLY shop.i;", to: "2_b.down.sql")
            try await #expect(pool.up().appliedSteps.map(\.version) == [1, 2])
            try await #expect(pool.down().revertedSteps.map(\.version) == [2])
            try await #expect(pool.states() == "1 applied, 2 pending")
            // The lock is not left to whoever gets the session next.
            try await #expect(project.up().appliedSteps.map(\.version) == [2])
        }
    }

    /// One session holds the lock, the other runs the files.
    @Test(.enabled(if: PgBouncer.isInstalled)) func aPoolOfOneSessionIsTooSmall() async throws {
        try await withPool("session", size: 1) { _, pool in
            let error = await #expect(throws: PostgresError.self) { try await pool.up() }
            #expect(error?.hint?.contains("a run takes two connections") == true, "\(String(describing: error))")
        }
    }

    @Test(.enabled(if: PgBouncer.isInstalled), arguments: [1, 20]) func inTransactionModeItIsRefusedAndNothingIsRun(
        size: Int
    ) async throws {
        try await withPool("transaction", size: size) { project, pool in
            let error = await #expect(throws: PostgresError.self) { try await pool.up() }
            #expect(error?.code == .pooled)
            #expect(error?.description.contains("a pooler that changes sessions with each transaction") == true)
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
        _ body: @escaping @Sendable (_ direct: MigrationProject, _ pooled: MigrationProject) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await MigrationProject.with(["1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);"], on: server)
        {
            project in
            try await PgBouncer.run(before: server, mode: mode, size: size) { pool in
                let name = try await project.sql("SELECT current_database()")
                let url = "postgresql:///\(name)?host=\(pool.folder)&port=6432&user=\(ThrowawayServer.superuser)"
                try await body(project, MigrationProject(url: url, folder: project.folder))
            }
        }
    }
}
