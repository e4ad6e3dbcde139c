import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// The restored database takes the place of the old one, with all of the old one's properties.
@Suite(.serialized)
struct SwapTests {
    private func adornedTarget(
        _ body: (ThrowawayServer, _ name: String, _ url: String, ScratchFolder) async throws -> Void
    )
        async throws
    {
        let server = try await Torture.sharedServer()
        try await ScratchFolder.with { folder in
            try await server.withName { name in
                try await server.execute("CREATE DATABASE \"\(name)\" TEMPLATE template0 OWNER torture_owner")
                let url = server.url(database: name)
                try await psql(url, "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
                try await Torture.adorn(url, name: name)
                try await body(server, name, url, folder)
            }
        }
    }

    @Test func theOldDatabaseIsKeptAndItsPropertiesAreTheNewOnes() async throws {
        try await adornedTarget { server, name, url, folder in
            let original = try await DatabasePortrait.of(url)
            try await backup(url, to: folder.file("a.zip"))
            try await psql(
                url,
                "DROP TABLE public.t; CREATE TABLE public.later (); ALTER DATABASE \(name) CONNECTION LIMIT 78"
            )
            let changed = try await DatabasePortrait.of(url)
            let properties = try await DatabasePortrait.properties(url)
            let report = try await restore(folder.file("a.zip"), url)
            #expect(report.swapped)
            #expect(report.rows == 2)
            let kept = try #require(report.kept)
            #expect(try #require(report.keptBytes) > 1_000_000)
            expectSame(try await .of(url), original)
            // The target's own, even if the archive has others.
            #expect(try await DatabasePortrait.properties(url) == properties)
            #expect(properties.contains("|78|"))
            expectSame(try await .of(server.url(database: kept)), changed)
        }
    }

    @Test func propertiesComeFromTheArchiveWhereThereIsNoTarget() async throws {
        try await adornedTarget { server, name, url, folder in
            let original = try await DatabasePortrait.properties(url)
            #expect(original.contains("it's \\"))
            try await backup(url, to: folder.file("a.zip"))
            try await server.withName { other in
                let report = try await restore(folder.file("a.zip"), url) { $0.into = other }
                #expect(report.kept == nil)
                #expect(!report.swapped)
                #expect(try await DatabasePortrait.properties(server.url(database: other)) == original)
            }
        }
    }

    @Test func dropOldLeavesNothingBehind() async throws {
        try await adornedTarget { server, name, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await psql(url, "DELETE FROM public.t")
            let before = try await server.databases().filter { $0.hasPrefix(name) }
            let report = try await restore(folder.file("a.zip"), url) { $0.dropOld = true }
            #expect(report.kept == nil)
            #expect(report.swapped)
            #expect(try await server.databases().filter { $0.hasPrefix(name) } == before)
            try await #expect(psql(url, "SELECT count(*) FROM public.t") == "2")
        }
    }

    @Test func aDatabaseMayHaveAnyName() async throws {
        let server = try await ThrowawayServer.shared()
        let name = "T\u{f6}rt \"db\" 'x' \\ %20 e\u{301} \"\u{301}\n="
        let address = ServerAddress(server.url(database: "postgres")).database(name)
        try await ScratchFolder.with { folder in
            try await server.execute("CREATE DATABASE \(QuotedText.name(name)) TEMPLATE template0")
            try await withSession(address, logger: quietLogger) {
                try $0.execute("CREATE TABLE public.t (id integer); INSERT INTO public.t SELECT generate_series(1, 3)")
            }
            let options = BackupOptions(output: .file(path: folder.file("a.zip"), overwrite: false))
            let report = try await BackupRun(options, server: address, logger: quietLogger, progress: { _ in }).run()
            #expect(report.database == name)
            try await withSession(address, logger: quietLogger) { try $0.execute("DROP TABLE public.t") }
            var restoring = RestoreOptions(file: folder.file("a.zip"))
            restoring.dropOld = true
            let restored = try await RestoreRun(restoring, server: address, logger: quietLogger, progress: { _ in })
                .run()
            #expect(restored.database == name)
            let rows = try await withSession(address, logger: quietLogger) { try $0.query("SELECT id FROM public.t") }
            #expect(rows.count == 3)
            try await server.execute("DROP DATABASE \(QuotedText.name(name)) WITH (FORCE)")
        }
    }

    @Test func settingsThatAreListsOfNamesComeBackAsTheyWere() async throws {
        let server = try await ThrowawayServer.shared()
        for list in ["\"$user\", public", "\"a\"\"b\", \"c, d\", e", "''", "\"\u{e9} \", \"x\\y\""] {
            try await ScratchFolder.with { folder in
                try await server.withName { name in
                    try await server.withDatabase { url in
                        try await server.execute("ALTER DATABASE \(url.databaseName) SET search_path TO \(list)")
                        try await backup(url, to: folder.file("a.zip"))
                        try await restore(folder.file("a.zip"), url) { $0.into = name }
                        let restored = try await psql(server.url(database: name), "SHOW search_path")
                        try await #expect(psql(url, "SHOW search_path") == restored)
                    }
                }
            }
        }
    }
}
