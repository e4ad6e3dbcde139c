import Archive
import Backup
import Bookkeeping
import PostgresClient
import Restore
import TestSupport
import Testing

/// The target keeps its marker and its log, whatever is restored.
@Suite struct TargetStateTests {
    private func mark(_ url: String, _ name: String, log service: String? = nil) async throws {
        try await withSession(ServerAddress(url), logger: quietLogger) { session in
            try Marker().write(name, &session)
            guard let service else { return }
            try session.query(
                """
                INSERT INTO granary.migration_log (service, event, actor, started_at, outcome)
                VALUES ($1, 'up', 'me', now(), 'done')
                """,
                [service]
            )
        }
    }

    private func marker(_ url: String) async throws -> MarkerState {
        try await withSession(ServerAddress(url), logger: quietLogger) { try Marker().read($0) }
    }

    private static let log = "SELECT string_agg(service || ' ' || event, ', ' ORDER BY id) FROM granary.migration_log"

    /// Lends a marked database with a backup of it, and a marked target with another history.
    private func withTarget(
        _ format: String,
        _ body: (_ target: String, _ file: String) async throws -> Void
    ) async throws {
        try await withDatabase("CREATE TABLE public.t AS SELECT 1 AS a") { server, url, folder in
            try await mark(url, "production", log: "theirs")
            let file = folder.file("a.\(format)")
            var options = BackupOptions(output: .file(path: file, overwrite: false))
            options.format = format == "sql" ? .sql : .zip
            _ = try await BackupRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in }).run()
            try await server.withDatabase { target in
                try await mark(target, "staging", log: "ours")
                try await body(target, file)
            }
        }
    }

    @Test(arguments: ["zip", "sql"]) func aSwapCarriesThemOver(format: String) async throws {
        try await withTarget(format) { target, file in
            try await restore(file, target) { $0.dropOld = true }
            try await #expect(psql(target, "SELECT a FROM public.t") == "1")
            try await #expect(marker(target) == .marked("staging"))
            try await #expect(psql(target, Self.log) == "ours up,  restored")
        }
    }

    @Test(arguments: ["zip", "sql"]) func inPlaceTheyStay(format: String) async throws {
        try await withTarget(format) { target, file in
            try await restore(file, target) { $0.inPlace = true }
            try await #expect(psql(target, "SELECT a FROM public.t") == "1")
            try await #expect(marker(target) == .marked("staging"))
            try await #expect(psql(target, Self.log) == "ours up,  restored")
            try await #expect(psql(target, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'granary%'") == "1")
        }
    }

    @Test func rowsAloneLeaveThemToo() async throws {
        try await withTarget("zip") { target, file in
            try await psql(target, "CREATE TABLE public.t AS SELECT 2 AS a")
            try await restore(file, target) { $0.dataOnly = true }
            try await #expect(psql(target, "SELECT a FROM public.t") == "1")
            try await #expect(marker(target) == .marked("staging"))
            try await #expect(psql(target, Self.log) == "ours up,  restored")
        }
    }

    @Test func aDumpWithoutOurTablesLeavesThemInPlace() async throws {
        try await withTarget("zip") { target, _ in
            try await ScratchFolder.with { folder in
                let file = try folder.write("CREATE TABLE public.u AS SELECT 3 AS a;\n", to: "b.sql")
                try await psql(target, "INSERT INTO granary.seeds VALUES ('s', 'staging', 'x', 'y')")
                try await restore(file, target) { ($0.inPlace, $0.allowIncomplete) = (true, true) }
                try await #expect(psql(target, "SELECT a FROM public.u") == "3")
                try await #expect(marker(target) == .marked("staging"))
                try await #expect(psql(target, Self.log) == "ours up,  restored")
                try await #expect(psql(target, "SELECT source FROM granary.seeds") == "x")
            }
        }
    }

    @Test func aDumpThatFailsInPlaceLeavesEverything() async throws {
        try await withTarget("zip") { target, _ in
            try await ScratchFolder.with { folder in
                let file = try folder.write("CREATE TABLE public.u AS SELECT 3 AS a;\nSELECT 1/0;\n", to: "b.sql")
                await #expect(throws: RestoreError.self) {
                    try await restore(file, target) { ($0.inPlace, $0.allowIncomplete) = (true, true) }
                }
                try await #expect(marker(target) == .marked("staging"))
                try await #expect(psql(target, Self.log) == "ours up")
            }
        }
    }

    @Test func aNewDatabaseIsMarkedAsWasSaidAndElseNotAtAll() async throws {
        try await withTarget("zip") { target, file in
            let server = try await ThrowawayServer.shared()
            for environment in ["test", nil] {
                try await server.withName { name in
                    try await restore(file, target) {
                        $0.into = name
                        $0.environment = environment
                    }
                    let url = server.url(database: name)
                    try await #expect(marker(url) == (environment.map { .marked($0) } ?? .unmarked))
                    // A new database has only the log from the archive.
                    try await #expect(psql(url, Self.log) == "theirs up")
                }
            }
        }
    }

    @Test func theManifestNamesTheMarkerAndNotWhatWasChosenOrCopied() async throws {
        try await withDatabase("CREATE TABLE public.t AS SELECT 1 AS a") { server, url, folder in
            let none = try await backup(url, to: folder.file("0.zip")) { $0.environment = "staging" }
            #expect(none.environment == "staging")
            try await mark(url, "production")
            let marked = try await backup(url, to: folder.file("1.zip")) { $0.environment = "staging" }
            #expect(marked.environment == "production")
            #expect(try manifest(of: folder.file("1.zip")).environment == "production")
            try await server.withName { name in
                try await server.execute("CREATE DATABASE \"\(name)\" TEMPLATE \(url.databaseName)")
                let copy = try await backup(server.url(database: name), to: folder.file("2.zip"))
                #expect(copy.environment == nil)
            }
        }
    }

    @Test func anotherNameOfTheStateSchemaIsFollowed() async throws {
        try await withDatabase("CREATE TABLE public.t AS SELECT 1 AS a") { server, url, folder in
            try await withSession(ServerAddress(url), logger: quietLogger) {
                try Marker(StateSchema("own")).write("production", &$0)
            }
            let report = try await backup(url, to: folder.file("a.zip")) { $0.stateSchema = "own" }
            #expect(report.environment == "production")
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) {
                    $0.into = name
                    $0.stateSchema = "own"
                }
                try await #expect(psql(server.url(database: name), "SELECT count(*) FROM own.environment") == "0")
            }
        }
    }
}
