import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

@Suite struct DatabaseReplacementTests {
    @Test func anArchiveTakesTheTargetsPlaceAndTheOldDatabaseIsKept() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { source in
                try await psql(source, TrickyDatabase.sql)
                let backup = BackupOptions(output: .file(path: folder.file("a.zip"), overwrite: false))
                _ = try await BackupRun(backup, server: ServerAddress(source), logger: quietLogger) { _ in }.run()
                try await server.withDatabase { url in
                    try await psql(url, "CREATE TABLE before AS SELECT 7 AS a")
                    let report = try await RestoreRun(
                        RestoreOptions(file: folder.file("a.zip")),
                        server: ServerAddress(url),
                        logger: quietLogger
                    ) { _ in }.run()
                    #expect(report.swapped)
                    #expect(report.rows == TrickyDatabase.rows)
                    #expect(report.seconds > 0)
                    let kept = try #require(report.kept)
                    try await #expect(psql(server.url(database: kept), "SELECT a FROM before") == "7")
                    try await server.execute("DROP DATABASE \"\(kept)\"")
                    #expect(try await TrickyDatabase.dump(url) == TrickyDatabase.dump(source))
                }
            }
        }
    }
}
