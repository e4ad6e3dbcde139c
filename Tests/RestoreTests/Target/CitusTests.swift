import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Databases whose catalogs say that Citus distributes tables.
@Suite struct CitusTests {
    @Test func theBackupAndThePlanSayWhatIsLost() async throws {
        let sql = "CREATE TABLE accounts (id int); CREATE TABLE plain (id int);"
        try await withDatabase(sql + CitusCatalog.sql(distributing: ["accounts"])) { server, url, folder in
            let report = try await backup(url, to: folder.file("a.zip"))
            let note = report.notes.first { $0.hasPrefix("Citus distributes public.accounts: ") }
            #expect(note?.contains("ordinary tables") == true && note?.contains("not of one moment") == true)
            #expect(try manifest(of: folder.file("a.zip")).distributed == [.init(schema: "public", name: "accounts")])
            for into in [url, server.url(database: "postgres")] {
                let outlook = try await RestoreRun(
                    RestoreOptions(file: folder.file("a.zip")),
                    server: ServerAddress(into),
                    logger: quietLogger
                ) { _ in }.plan()
                #expect(outlook.steps.contains { $0.hasPrefix("Citus distributed public.accounts: ") })
                #expect(
                    outlook.steps.contains { $0.hasPrefix("Citus distributes public.accounts of ") } == (into == url)
                )
            }
            // A part without such a table loses nothing.
            let part = try await backup(url, to: folder.file("b.zip")) { $0.tables = ["plain"] }
            #expect(!part.notes.contains { $0.contains("Citus") })
            #expect(try manifest(of: folder.file("b.zip")).distributed == nil)
        }
    }
}
