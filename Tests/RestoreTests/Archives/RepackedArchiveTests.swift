import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Archives that `unzip` and `zip -r` have packed again.
@Suite struct RepackedArchiveTests {
    private static let sql = """
        CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t VALUES (1, 'one'), (2, 'two');
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT lo_from_bytea(4711, 'content');
        """

    /// Lends a source, and its archive packed again after `change` was executed in the unpacked folder.
    private func withRepacked(
        _ change: String = "true",
        _ body: (_ file: String, _ source: String, _ key: SealKey, _ server: ThrowawayServer) async throws -> Void
    ) async throws {
        guard shell("command -v zip unzip").status == 0 else { return }
        let key = try #require(SealKey(SealKey.random()))
        try await withDatabase(Self.sql) { server, source, folder in
            try await backup(source, to: folder.file("a.zip")) { $0.sealKey = key }
            let commands =
                "cd '\(folder.path)' && unzip -q a.zip -d shop && (cd shop && \(change)) && zip -qr again.zip shop"
            let packed = shell(commands)
            #expect(packed.status == 0, "\(packed.output)")
            try await body(folder.file("again.zip"), source, key, server)
        }
    }

    @Test func itComesBackEqualAndIsNamed() async throws {
        try await withRepacked { file, source, _, server in
            try await server.withName { copy in
                let report = try await restore(file, source) { ($0.into, $0.jobs) = (copy, 3) }
                #expect(report.rows == 2)
                #expect(report.notes.contains { $0.hasPrefix("another program has packed the archive again") })
                let found = "SELECT string_agg(b, ',' ORDER BY a), f(), (SELECT lo_get(4711)) FROM t"
                try await #expect(psql(server.url(database: copy), found) == psql(source, found))
            }
        }
    }

    @Test func itsSealDoesNotCount() async throws {
        try await withRepacked { file, source, key, server in
            try await server.withName { copy in
                let error = await failure {
                    try await restore(file, source) {
                        $0.into = copy
                        $0.trust = .sealed(by: [key])
                    }
                }
                #expect(error?.code == .untrusted)
                #expect(error?.message.contains("was packed again by another program") == true)
                var options = RestoreOptions(file: file)
                (options.into, options.trust) = (copy, .sealed(by: [key]))
                let plan = try await RestoreRun(options, server: ServerAddress(source), logger: quietLogger) { _ in }
                    .plan()
                #expect(plan.isSealed == false && plan.isRepacked)
            }
        }
    }

    @Test func aMissingFileIsAnObstacleOfThePlan() async throws {
        try await withRepacked("rm data/*/*.copy") { file, source, _, _ in
            let plan = try await RestoreRun(
                RestoreOptions(file: file),
                server: ServerAddress(source),
                logger: quietLogger
            ) { _ in }.plan()
            #expect(plan.obstacles.contains { $0.hasPrefix("the archive was packed again without data/") })
        }
    }

    /// The row has the same length, so that only the digest of the table tells.
    @Test func aChangedRowIsRefusedBeforeAnythingIsMade() async throws {
        try await withRepacked("sed -i 's/two/owt/' data/*/*.copy") { file, source, _, server in
            let before = try await server.databases()
            let error = await failure { try await restore(file, source) }
            #expect(error?.code == .mismatch)
            #expect(error?.message.contains("differs from its manifest") == true)
            #expect(error?.message.contains("table public.t") == true)
            let after = try await server.databases()
            #expect(
                after.filter { $0.hasPrefix(databaseName(of: source)) }
                    == before.filter { $0.hasPrefix(databaseName(of: source)) }
            )
        }
    }
}
