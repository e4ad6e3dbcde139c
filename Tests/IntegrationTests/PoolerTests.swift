import TestSupport
import Testing

/// A connection pooler between the commands and the server. In transaction mode, granary's settings would affect the
/// application.
@Suite(.enabled(if: PgBouncer.isInstalled)) struct PoolerTests {
    private struct Pooled: Sendable {
        let folder: ScratchFolder
        let database: String
        /// The URLs of the server and of the pooler in front of it.
        let direct: String
        let pooled: String

        func run(_ arguments: [String], url: String? = nil) async throws -> CommandOutcome {
            try await runCommand(
                granaryBinary(),
                arguments,
                environment: ["DATABASE_URL": url ?? pooled],
                workingDirectory: folder.path
            )
        }
    }

    private func withPool(
        _ mode: String,
        databases: [String]? = nil,
        _ body: @escaping @Sendable (Pooled) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(url, "CREATE SCHEMA shop; CREATE TABLE shop.a AS SELECT 1 AS id")
                let name = String(url.split(separator: "?")[0].split(separator: "/").last ?? "")
                try await PgBouncer.run(before: server, mode: mode, size: 3, databases: databases) { pool in
                    try await body(
                        Pooled(
                            folder: folder,
                            database: name,
                            direct: url,
                            pooled:
                                "postgresql:///\(name)?host=\(pool.folder)&port=6432&user=\(ThrowawayServer.superuser)"
                        )
                    )
                }
            }
        }
    }

    @Test func inTransactionModeEveryCommandIsRefusedAndLeavesTheSessionsAsTheyWere() async throws {
        try await withPool("transaction") { pooled in
            try await #expect(pooled.run(["env", "mark", "development"], url: pooled.direct).status == 0)
            try await #expect(pooled.run(["backup", "-o", "a.zip"], url: pooled.direct).status == 0)
            let before = try await psql(pooled.pooled, "SHOW search_path")
            let service = ["--service", "shop"]
            for command in [
                ["backup", "-o", "b.zip"], ["restore", "a.zip", "--trust", "--confirm", pooled.database],
                ["restore", "a.zip", "--plan"], ["clean", "--confirm", pooled.database] + service,
                ["tables"] + service, ["counts"] + service,
            ] {
                let outcome = try await pooled.run(command)
                #expect(outcome.status == 3, "\(command): \(outcome)")
                #expect(outcome.stderr.contains("changes sessions with each transaction"))
                #expect(outcome.stderr.contains("at port 5432 instead of 6432, or through a pool in session mode"))
            }
            let doctor = try await pooled.run(["doctor"])
            #expect(doctor.status == 2)
            #expect(doctor.stdout.contains("changes sessions with each transaction"), "\(doctor)")
            for _ in 0..<5 { try await #expect(psql(pooled.pooled, "SHOW search_path") == before) }
            try await #expect(psql(pooled.direct, "SELECT count(*) FROM shop.a") == "1")
            #expect(!pooled.folder.names().contains("b.zip"))
        }
    }

    @Test func inSessionModeABackupIsMadeAndComesBack() async throws {
        try await withPool("session") { pooled in
            try await #expect(pooled.run(["backup", "-o", "a.zip", "--jobs", "1"], url: pooled.direct).status == 0)
            let outcome = try await pooled.run(["tables", "--service", "shop"])
            #expect(outcome.status == 0, "\(outcome)")
        }
    }

    /// The pooler reports an unknown database with the SQLSTATE of a protocol violation.
    @Test func aDatabaseUnknownToThePoolerIsAConnectionError() async throws {
        try await withPool("session", databases: ["postgres"]) { pooled in
            let outcome = try await pooled.run(["backup"])
            #expect(outcome.status == 4)
            #expect(outcome.stderr.contains("no such database"), "\(outcome)")
            #expect(outcome.stderr.contains("does not know the database: connect to the server itself"), "\(outcome)")
            // The target of a restore may not exist yet. Then another database of the server is checked.
            try await #expect(pooled.run(["backup", "-o", "a.zip"], url: pooled.direct).status == 0)
            let plan = try await pooled.run(["restore", "a.zip", "--plan"])
            #expect(!plan.stderr.contains("no such database"), "\(plan)")
        }
    }
}
