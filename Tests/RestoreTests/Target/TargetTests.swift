import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// The target of a restore, and the rights that it needs.
@Suite struct TargetTests {
    private static let schema = """
        CREATE SCHEMA shop; CREATE TABLE shop.t (id integer PRIMARY KEY, v text); INSERT INTO shop.t VALUES (1, 'a'), (2, 'b');
        CREATE TABLE shop.u AS SELECT 7 AS a
        """

    @Test func whoMayCreateDatabasesNeedsNoFurtherRight() async throws {
        let server = try await ThrowawayServer.start()
        try await withDatabase("CREATE ROLE maker LOGIN CREATEDB", on: server) { server, url, folder in
            let maker = url.replacing("user=granary", with: "user=maker")
            try await psql(url, "ALTER DATABASE \(url.databaseName) OWNER TO maker")
            try await psql(maker, Self.schema)
            try await backup(maker, to: folder.file("a.zip"))
            try await psql(maker, "DELETE FROM shop.t")
            let report = try await restore(folder.file("a.zip"), maker)
            #expect(report.swapped)
            try await #expect(psql(maker, "SELECT count(*) FROM shop.t") == "2")
        }
        try await server.stop()
    }

    @Test func partsGoIntoADatabaseThatIsThereAndLeaveTheRestOfIt() async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await server.withDatabase { other in
                try await psql(other, "CREATE SCHEMA shop; CREATE TABLE shop.mine AS SELECT 5 AS a")
                let report = try await restore(folder.file("a.zip"), url) {
                    $0.into = String(other.databaseName)
                    $0.tables = [.init(table: "shop.t")]
                }
                #expect(!report.swapped)
                #expect(
                    try await psql(other, "SELECT (SELECT count(*) FROM shop.t), (SELECT a FROM shop.mine)") == "2|5"
                )
                try await psql(other, "DELETE FROM shop.t WHERE id = 1; UPDATE shop.t SET v = 'mine'")
                try await restore(folder.file("a.zip"), url) {
                    $0.into = String(other.databaseName)
                    $0.tables = [.init(table: "shop.t")]
                    $0.rows = .missing
                }
                try await #expect(psql(other, "SELECT string_agg(v, ',' ORDER BY id) FROM shop.t") == "a,mine")
            }
        }
    }

    @Test func aTableGoesIntoANewDatabaseWithItsSchema() async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) {
                    $0.into = name
                    $0.tables = [.init(table: "shop.t")]
                }
                let made = server.url(database: name)
                try await #expect(psql(made, "SELECT count(*) FROM shop.t") == "2")
                try await #expect(psql(made, "SELECT to_regclass('shop.u') IS NULL") == "t")
            }
        }
    }

    @Test func thePlanNamesATableThatIsThere() async throws {
        try await withDatabase(Self.schema) { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            for (table, newName, word) in [("shop.t", nil, "shop.t exists"), ("shop.t", "u", "shop.u exists")] {
                var options = RestoreOptions(file: folder.file("a.zip"))
                options.tables = [.init(table: table, newName: newName)]
                let run = RestoreRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }
                #expect(try await run.plan().obstacles.contains { $0.contains(word) })
                let error = await failure { try await run.run() }
                #expect(error?.code == .preflight)
                #expect(error?.message.contains(word) == true)
            }
        }
    }

    @Test func twoSwapsInOneSecondKeepBothOldDatabases() async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            var kept: Set<String> = []
            for _ in 1...3 { kept.insert(try #require(try await restore(folder.file("a.zip"), url).kept)) }
            #expect(kept.count == 3)
            let there = try await Set(server.databases())
            #expect(kept.isSubset(of: there))
            for name in kept { try await psql(server.url(database: "postgres"), "DROP DATABASE \"\(name)\"") }
        }
    }

    @Test func copiesAndOriginalsAreNotMixed() async throws {
        try await withDatabase(Self.schema) { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let error = await failure {
                try await restore(folder.file("a.zip"), url) {
                    $0.tables = [.init(table: "shop.t", newName: "x"), .init(table: "shop.u")]
                }
            }
            #expect(error?.code == .usage && error?.exitStatus == .usage)
        }
    }

    /// Another session holds a lock. A restore in place gives up after ten seconds, so that others do not queue behind
    /// it.
    @Test func inPlaceGivesUpOnALockThatIsHeld() async throws {
        try await withDatabase(Self.schema) { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let holder = Task {
                try await psql(url, "BEGIN; LOCK TABLE shop.t IN ACCESS SHARE MODE; SELECT pg_sleep(600)")
            }
            try await waitUntil(url, "EXISTS (SELECT FROM pg_locks WHERE relation = 'shop.t'::regclass AND granted)")
            let error = await #expect(throws: (any Error).self) {
                try await restore(folder.file("a.zip"), url) { $0.inPlace = true }
            }
            #expect("\(error!)".contains("55P03") || "\(error!)".contains("lock timeout"), "\(error!)")
            try await psql(
                url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid() AND datname = current_database()"
            )
            _ = await holder.result
            try await #expect(psql(url, "SELECT count(*) FROM shop.t") == "2")
        }
    }
}
