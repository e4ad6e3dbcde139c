import Backup
import PostgresClient
import Synchronization
import TestSupport
import Testing

@Suite struct PlainDumpTests {
    private func backUp(
        _ url: String,
        to path: String,
        _ change: (inout BackupOptions) -> Void = { _ in }
    ) async throws -> BackupReport {
        var options = BackupOptions(output: .file(path: path, overwrite: false))
        options.format = path.hasSuffix(".gz") ? .sqlGzip : .sql
        change(&options)
        return try await BackupRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }.run()
    }

    private func runPsql(_ url: String, file: String) async throws {
        let outcome = try await runCommand("psql", ["-Xq", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", file])
        try #require(outcome.status == 0, "\(outcome.stderr)")
    }

    @Test func psqlRestoresAPlainDumpToAnEqualDatabase() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(url, TrickyDatabase.sql)
                let report = try await backUp(url, to: folder.file("a.sql"))
                #expect(report.rows == TrickyDatabase.rows)
                #expect(report.tables == TrickyDatabase.tables)
                #expect(report.bytes == folder.read("a.sql").count)
                #expect(report.file == folder.file("a.sql"))
                try await server.withDatabase { other in
                    try await runPsql(other, file: folder.file("a.sql"))
                    #expect(try await TrickyDatabase.dump(other) == TrickyDatabase.dump(url))
                }
            }
        }
    }

    @Test func aPackedDumpIsTheSameText() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(url, TrickyDatabase.sql)
                _ = try await backUp(url, to: folder.file("a.sql"))
                let report = try await backUp(url, to: folder.file("a.sql.gz")) { $0.level = 9 }
                #expect(report.bytes == folder.read("a.sql.gz").count)
                let unpacked = try await runCommand("gzip", ["-dc", folder.file("a.sql.gz")])
                #expect(unpacked.status == 0)
                let plain = String(decoding: folder.read("a.sql"), as: UTF8.self).split(separator: "\n").dropFirst(2)
                #expect(unpacked.stdout.split(separator: "\n").dropFirst(2) == plain)
                #expect(folder.names() == ["a.sql", "a.sql.gz"])
            }
        }
    }

    @Test func selectedSchemasAndLeftOutRowsAreHonoured() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(
                    url,
                    """
                    CREATE SCHEMA a; CREATE TABLE a.kept (x int); INSERT INTO a.kept VALUES (1), (2);
                    CREATE TABLE a.emptied (x int); INSERT INTO a.emptied VALUES (3);
                    CREATE TABLE other (x int); INSERT INTO other VALUES (4);
                    """
                )
                let report = try await backUp(url, to: folder.file("a.sql")) {
                    $0.schemas = ["a"]
                    $0.tablesWithoutData = ["a.emptied"]
                }
                #expect(report.rows == 2)
                try await server.withDatabase { other in
                    try await runPsql(other, file: folder.file("a.sql"))
                    try await #expect(psql(other, "SELECT sum(x) FROM a.kept") == "3")
                    try await #expect(psql(other, "SELECT count(*) FROM a.emptied") == "0")
                    try await #expect(psql(other, "SELECT to_regclass('public.other') IS NULL") == "t")
                }
            }
        }
    }

    @Test func bytesOfASQLASCIIDatabaseStayAsTheyAre() async throws {
        let server = try await ThrowawayServer.shared()
        let options = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        try await ScratchFolder.with { folder in
            try await server.withDatabase(options: options) { url in
                try await psql(
                    url,
                    #"CREATE TABLE t (a text); INSERT INTO t VALUES (E'\xff\xfe'), ('ü'); COMMENT ON TABLE t IS E'\xfd'"#
                )
                _ = try await backUp(url, to: folder.file("a.sql"))
                try await server.withDatabase(options: options) { other in
                    try await runPsql(other, file: folder.file("a.sql"))
                    #expect(
                        try await psql(
                            other,
                            "SELECT encode(a::bytea, 'hex') FROM t; SELECT encode(obj_description('t'::regclass)::bytea, 'hex')"
                        )
                            == "fffe\nc3bc\nfd"
                    )
                }
            }
        }
    }

    @Test func anotherEncodingBecomesUTF8() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase(options: "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'") { url in
                try await psql(
                    url,
                    "SET client_encoding = 'UTF8'; CREATE TABLE \"ä\" (a text); INSERT INTO \"ä\" VALUES ('ü')"
                )
                _ = try await backUp(url, to: folder.file("a.sql"))
                try await server.withDatabase { other in
                    try await runPsql(other, file: folder.file("a.sql"))
                    try await #expect(psql(other, "SELECT a FROM \"ä\"") == "ü")
                }
            }
        }
    }

    @Test func aRowTooLargeForTextIsRefusedAndLeavesNothing() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(
                    url,
                    "CREATE TABLE huge (a bytea); INSERT INTO huge SELECT convert_to(repeat('a', 540000000), 'UTF8')"
                )
                let error = await #expect(throws: BackupError.self) {
                    try await backUp(url, to: folder.file("a.sql.gz"))
                }
                #expect(
                    error?.message
                        == "table public.huge has a row whose text is longer than 1 GB, the limit of a plain dump"
                )
                #expect(error?.hint == "back up as an archive: --format zip")
                #expect(folder.names() == [])
            }
        }
    }

    @Test func anInterruptLeavesNothing() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(url, "CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 200000)")
                let begun = Mutex<Task<Void, Never>?>(nil)
                let task = Task {
                    var options = BackupOptions(output: .file(path: folder.file("a.sql"), overwrite: false))
                    options.format = .sql
                    return try await BackupRun(options, server: ServerAddress(url), logger: quietLogger) { event in
                        guard case .advanced = event else { return }
                        begun.withLock { $0 }?.cancel()
                    }.run()
                }
                begun.withLock {
                    $0 = Task {
                        await withTaskCancellationHandler {
                            try? await Task.sleep(for: .seconds(60))
                        } onCancel: {
                            task.cancel()
                        }
                    }
                }
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(folder.names() == [])
            }
        }
    }
}
