import Archive
import Backup
import PostgresClient
import Restore
import Storage
import TestSupport
import Testing

@Suite struct PlainDumpTests {
    @Test func aDumpOfPgDumpComesBackEqual() async throws {
        try await withDump { server, folder, source in
            let dump = try await TrickyDatabase.dump(source)
            try folder.write(dump, to: "a.sql")
            try await server.withDatabase { url in
                try await psql(
                    url,
                    "CREATE TABLE before (a int); ALTER DATABASE \"\(name(of: url))\" SET work_mem = '5MB'"
                )
                let report = try await restore(folder.file("a.sql"), url)
                #expect(try await TrickyDatabase.dump(url) == dump)
                try await #expect(psql(url, "SHOW work_mem") == "5MB")
                #expect(report.rows == TrickyDatabase.rows)
                #expect(report.tables == TrickyDatabase.tables)
                #expect(report.swapped)
                let kept = try #require(report.kept)
                try await #expect(psql(server.url(database: kept), "SELECT count(*) FROM before") == "0")
                try await server.execute("DROP DATABASE \"\(kept)\"")
                #expect(try await databases(server, like: url) == [name(of: url)])
            }
        }
    }

    @Test func itsRestrictLinesAreDropped() async throws {
        try await withDump { server, folder, source in
            let outcome = try await runCommand("pg_dump", ["-d", source, "-f", folder.file("a.sql")])
            #expect(outcome.status == 0)
            try await server.withDatabase { url in
                _ = try await restore(folder.file("a.sql"), url) { $0.dropOld = true }
                #expect(try await TrickyDatabase.dump(url) == TrickyDatabase.dump(source))
            }
        }
    }

    @Test func insertsComeBackEqual() async throws {
        try await withDump { server, folder, source in
            try folder.write(
                try await TrickyDatabase.dump(source, ["--inserts", "--quote-all-identifiers"]),
                to: "a.sql"
            )
            try await server.withDatabase { url in
                let report = try await restore(folder.file("a.sql"), url) { $0.dropOld = true }
                #expect(try await TrickyDatabase.dump(url) == TrickyDatabase.dump(source))
                #expect(report.rows == TrickyDatabase.rows)
            }
        }
    }

    /// An empty table has no INSERT, so only its CREATE TABLE tells of it.
    @Test func granarysOwnTablesAreNotCountedAmongInserts() async throws {
        let own = ["migrations", "migration_log", "seeds"].map { "CREATE TABLE granary.\($0) (a int);" }
        let dump = """
            CREATE SCHEMA granary; \(own.joined(separator: " ")) INSERT INTO granary.migrations VALUES (1);
            CREATE TABLE public.t (a int); INSERT INTO public.t VALUES (1), (2); INSERT INTO public.t SELECT 3;
            """
        try await withTarget(dump) { url, file in
            let report = try await restore(file, url)
            #expect((report.tables, report.rows) == (1, 3))
        }
    }

    @Test func aPackedDumpOfSeveralMembersComesBackEqual() async throws {
        try await withDump { server, folder, source in
            let dump = Array(try await TrickyDatabase.dump(source).utf8)
            var packed: [UInt8] = []
            for half in [dump[..<(dump.count / 2)], dump[(dump.count / 2)...]] {
                packed += try await runCommand("gzip", ["-c"], input: Array(half)).stdoutBytes
            }
            try folder.write(packed, to: "a.sql.gz")
            try await server.withDatabase { url in
                _ = try await restore(folder.file("a.sql.gz"), url) { $0.dropOld = true }
                #expect(Array(try await TrickyDatabase.dump(url).utf8) == dump)
            }
        }
    }

    @Test func ourOwnDumpsComeBackEqual() async throws {
        try await withDump { server, folder, source in
            for file in ["a.sql", "a.sql.gz"] {
                var options = BackupOptions(output: .file(path: folder.file(file), overwrite: false))
                options.format = file.hasSuffix(".gz") ? .sqlGzip : .sql
                _ = try await BackupRun(options, server: ServerAddress(source), logger: quietLogger) { _ in }.run()
                try await server.withDatabase { url in
                    let report = try await restore(folder.file(file), url) { $0.dropOld = true }
                    #expect(report.rows == TrickyDatabase.rows)
                    #expect(report.notes == [])
                    #expect(try await TrickyDatabase.dump(url) == TrickyDatabase.dump(source))
                }
            }
        }
    }

    @Test func inPlaceRunsInTheTargetItself() async throws {
        try await withDump { server, folder, source in
            try folder.write(try await TrickyDatabase.dump(source), to: "a.sql")
            try await server.withDatabase { url in
                let oid = try await psql(url, "SELECT oid FROM pg_database WHERE datname = current_database()")
                let report = try await restore(folder.file("a.sql"), url) { $0.inPlace = true }
                #expect(!report.swapped)
                #expect(report.rows == TrickyDatabase.rows)
                #expect(try await TrickyDatabase.dump(url) == TrickyDatabase.dump(source))
                try await #expect(psql(url, "SELECT oid FROM pg_database WHERE datname = current_database()") == oid)
            }
        }
    }

    /// The function fails only when statistics are gathered.
    @Test(arguments: ["57014", "40P01", "53100", "55P03"])
    func aCommittedRestoreIsDoneWhateverAnalyzeSays(state: String) async throws {
        let dump = """
            CREATE TABLE t (a int);
            CREATE FUNCTION f(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
                $$BEGIN RAISE EXCEPTION 'stop' USING ERRCODE = '\(state)'; END$$;
            CREATE STATISTICS s ON (f(a)) FROM t;
            INSERT INTO t VALUES (1), (2);
            """
        try await withTarget(dump) { url, file in
            let report = try await restore(file, url) { ($0.inPlace, $0.allowIncomplete) = (true, true) }
            #expect(report.notes.contains { $0.contains("stop (SQLSTATE \(state))") }, "\(report.notes)")
            try await #expect(psql(url, "SELECT count(*) FROM t") == "2")
        }
    }

    @Test func aDatabaseThatIsNotThereIsMade() async throws {
        try await withDump { server, folder, source in
            try folder.write(try await TrickyDatabase.dump(source), to: "a.sql")
            try await server.withDatabase { url in
                try await server.execute("DROP DATABASE \"\(name(of: url))\"")
                let report = try await restore(folder.file("a.sql"), source) { $0.into = name(of: url) }
                #expect(!report.swapped)
                #expect(report.kept == nil)
                #expect(try await TrickyDatabase.dump(url) == TrickyDatabase.dump(source))
                #expect(
                    try await psql(
                        url,
                        "SELECT shobj_description(oid, 'pg_database') IS NULL FROM pg_database WHERE datname = current_database()"
                    ) == "t"
                )
            }
        }
    }

    @Test func settingsThatTheServerDoesNotKnowAreLeftOut() async throws {
        for inPlace in [false, true] {
            try await withTarget(
                "SET future_timeout = 0;\nSET a.b = 'c';\nSET statement_timeout = 0;\nCREATE TABLE t (a int);\n"
            ) { url, file in
                let report = try await restore(file, url) {
                    $0.inPlace = inPlace
                    $0.dropOld = !inPlace
                    $0.allowIncomplete = true
                }
                #expect(report.notes == ["the server does not know the setting future_timeout, so it was left out"])
                try await #expect(psql(url, "SELECT count(*) FROM t") == "0")
            }
        }
    }

    @Test func aDumpInAnotherEncodingIsConverted() async throws {
        let text =
            Array("SET client_encoding = 'LATIN1';\nCREATE TABLE t (a text);\nCREATE TABLE \"".utf8) + [0xE4]
            + Array("\" (a text);\nCOPY \"".utf8) + [0xE4] + Array("\" FROM stdin;\n".utf8) + [0xFC, 0x0A]
            + Array("\\.\n".utf8)
        try await withTarget(text) { url, file in
            _ = try await restore(file, url) { ($0.dropOld, $0.allowIncomplete) = (true, true) }
            try await #expect(psql(url, "SELECT a FROM \"ä\"") == "ü")
        }
    }

    @Test func aPlanChangesNothing() async throws {
        try await withTarget("CREATE TABLE t (a int);") { url, file in
            let plan = try await RestoreRun(RestoreOptions(file: file), server: ServerAddress(url), logger: quietLogger)
            { _ in }.plan()
            #expect(
                plan.steps == [
                    "make a new database beside \(name(of: url))", "run \(file) in it",
                    "swap it with \(name(of: url)), and keep the old database under another name",
                    "nothing in \(file) tells whether it is complete",
                ]
            )
            #expect(plan.obstacles == [])
            try await #expect(psql(url, "SELECT a FROM kept") == "1")
        }
    }
}

@Suite struct BrokenPlainDumpTests {
    /// Restores in both ways, and checks that nothing has changed.
    private func expectFailure(
        _ text: [UInt8],
        file name: String = "dump.sql",
        inPlace: [Bool] = [false, true],
        _ check: (any Error, String) -> Void
    ) async throws {
        for inPlace in inPlace {
            try await withTarget(text, file: name) { (url: String, file: String) async throws -> Void in
                do {
                    _ = try await restore(file, url) { ($0.inPlace, $0.allowIncomplete) = (inPlace, true) }
                    Issue.record("the restore did not fail")
                } catch {
                    check(error, file)
                }
                try await #expect(psql(url, "SELECT a FROM kept") == "1")
                #expect(
                    try await psql(url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
                        == "1"
                )
                #expect(try await databases(try await ThrowawayServer.shared(), like: url) == [PlainDump.name(of: url)])
            }
        }
    }

    private func expectFailure(
        _ text: String,
        inPlace: [Bool] = [false, true],
        says: String,
        hint: String? = nil
    ) async throws {
        try await expectFailure(Array(text.utf8), inPlace: inPlace) { error, file in
            #expect((error as? RestoreError)?.message == "\(file):\(says)")
            if let hint { #expect((error as? RestoreError)?.hint == hint) }
        }
    }

    @Test func aFailingStatementIsNamedByItsLine() async throws {
        try await expectFailure(
            "CREATE TABLE t (a int);\n\n-- c\nCREATE TABLE t (a int);\n",
            says: "4: relation \"t\" already exists (SQLSTATE 42P07)"
        )
    }

    @Test func theLineIsTheOneTheServerPointsAt() async throws {
        try await expectFailure(
            "CREATE TABLE t (\n ä int,\n b nonsense\n);\n",
            says: "3: type \"nonsense\" does not exist (SQLSTATE 42704)"
        )
    }

    @Test func aFailingRowIsNamedByItsLine() async throws {
        try await expectFailure(
            "CREATE TABLE \"t, line 9\" (a int, b text);\nCOPY \"t, line 9\" (a, b)\nFROM stdin;\n1\tx\n2\tx\nx\tsecret\n\\.\n",
            says: "6: invalid input syntax for type integer: \"…\" (SQLSTATE 22P02)"
        )
    }

    @Test func aRowThatBreaksAConstraintIsNamedByItsLine() async throws {
        let rows = (1...100_000).map { "\($0)\n" }.joined()
        try await expectFailure(
            "CREATE TABLE t (a int CHECK (a <> 77777));\nCOPY t FROM stdin;\n\(rows)\\.\n",
            says: "77779: new row for relation \"t\" violates check constraint \"t_a_check\" (SQLSTATE 23514)"
        )
    }

    @Test func anErrorAfterRowsHasTheRightLine() async throws {
        try await expectFailure(
            "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n2\n\\.\n\n\nSELECT 1 / 0;\n",
            says: "8: division by zero (SQLSTATE 22012)"
        )
    }

    @Test func commandsOfPsqlAreRefused() async throws {
        try await expectFailure(
            "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n\\.\n  \\i /etc/passwd\n",
            says: "5: \\i is a command of psql, which restore does not run",
            hint: "remove the line, or run the file with psql"
        )
    }

    @Test func whatReachesBeyondTheDatabaseIsRefused() async throws {
        for statement in ["CREATE DATABASE", "DROP DATABASE", "ALTER ROLE", "CREATE USER", "ALTER SYSTEM"] {
            try await expectFailure(
                "CREATE TABLE t (a int);\n\(statement) x;\n",
                says: "2: \(statement) reaches beyond the database that is restored"
            )
        }
        try await expectFailure(
            "GRANT ALL ON DATABASE x TO PUBLIC;\n",
            says: "1: GRANT ON DATABASE reaches beyond the database that is restored"
        )
    }

    @Test func transactionsOfTheDumpAreRefusedInPlaceOnly() async throws {
        for statement in ["BEGIN", "COMMIT", "START TRANSACTION", "ROLLBACK", "END"] {
            try await expectFailure(
                "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n\\.\n\(statement);\n",
                inPlace: [true],
                says: "4: \(statement) would end or split the one transaction of --in-place"
            )
        }
        try await expectFailure(
            "BEGIN;\nSELECT lo_open(1, 131072);\nCREATE TABLE t (a int);\nCOMMIT;\n",
            inPlace: [true],
            says: "1: BEGIN would end or split the one transaction of --in-place"
        )
        try await withTarget("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;\n") { url, file in
            _ = try await restore(file, url) { ($0.dropOld, $0.allowIncomplete) = (true, true) }
            try await #expect(psql(url, "SELECT count(*) FROM t") == "0")
        }
        try await withTarget("SAVEPOINT a;\nCREATE TABLE t (a int);\nROLLBACK TO a;\nCREATE TABLE u (a int);\n") {
            url,
            file in
            _ = try await restore(file, url) { ($0.inPlace, $0.allowIncomplete) = (true, true) }
            try await #expect(psql(url, "SELECT to_regclass('t') IS NULL, count(*) FROM u") == "t|0")
        }
    }

    @Test func aTransactionThatIsNotEndedIsAnError() async throws {
        try await expectFailure(Array("BEGIN;\nCREATE TABLE t (a int);\n".utf8), inPlace: [false]) { error, file in
            #expect((error as? RestoreError)?.message == "\(file) ends within a transaction that it began")
        }
    }

    @Test func aDumpThatIsCutOffIsAnError() async throws {
        try await expectFailure(
            "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n2\n",
            says: "5: the text ends within the rows of the COPY of line 2"
        )
        try await expectFailure(
            "CREATE TABLE t (a int);\nSELECT 'abc",
            says: "2: a string that begins here does not end"
        )
    }

    @Test func aPackedDumpThatIsCutOffOrDamagedIsAnError() async throws {
        let rows = (0..<200_000).map { "\($0 &* 7919)\n" }.joined()
        let text = "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n\(rows)\\.\n"
        let packed = try await runCommand("gzip", ["-c"], input: Array(text.utf8)).stdoutBytes
        try await expectFailure(Array(packed.dropLast(20_000)), file: "dump.sql.gz") { error, file in
            #expect((error as? RestoreError)?.message == "\(file) is damaged: it ends early: the file is cut off")
            #expect((error as? RestoreError)?.code == .incomplete)
        }
        var damaged = packed
        damaged[packed.count - 6] ^= 1
        try await expectFailure(damaged, file: "dump.sql.gz") { error, file in
            #expect((error as? ArchiveError)?.message == "\(file) is damaged: incorrect data check")
        }
    }

    @Test(arguments: [
        ("-- MySQL dump 10.13\n", "a MySQL dump")
    ])
    func whatIsNoPlainDumpIsNamedWhateverItsName(text: String, name: String) async throws {
        try await expectFailure(Array(text.utf8)) { error, file in
            #expect((error as? RestoreError)?.message == "\(file) cannot be read as a backup: it is \(name)")
            #expect((error as? RestoreError)?.code == .format)
        }
    }

    @Test(arguments: ["dump.SQL", "dump.backup", "dump.zip", "dump"])
    func aPlainDumpIsKnownByItsTextWhateverItsName(name: String) async throws {
        try await withTarget(Array("CREATE TABLE t (a int);".utf8), file: name) { url, file in
            _ = try await restore(file, url) { ($0.dropOld, $0.allowIncomplete) = (true, true) }
            try await #expect(psql(url, "SELECT count(*) FROM t") == "0")
        }
    }

    @Test func aPackedDumpNeedsNoName() async throws {
        let packed = try await runCommand("gzip", ["-c"], input: Array("CREATE TABLE t (a int);".utf8)).stdoutBytes
        try await withTarget(packed, file: "dump.sql") { url, file in
            _ = try await restore(file, url) { ($0.dropOld, $0.allowIncomplete) = (true, true) }
            try await #expect(psql(url, "SELECT count(*) FROM t") == "0")
        }
    }

    @Test func whatIsPackedByGzipAndNoTextIsNamed() async throws {
        let packed = try await runCommand("gzip", ["-c"], input: Array("PGDMP\u{1}".utf8)).stdoutBytes
        try await expectFailure(packed, file: "dump.sql.gz") { error, file in
            #expect(
                (error as? RestoreError)?.message
                    == "\(file) is a gzip file that holds a dump of pg_dump --format=custom"
            )
        }
    }

    @Test func encodingsWithUnsafeBytesAreRefused() async throws {
        try await expectFailure(
            "SET client_encoding = 'SJIS';\n",
            says: "1: the dump is in SJIS, whose characters may hold quotes and backslashes",
            hint: "take it with pg_dump --encoding=UTF8"
        )
    }

    @Test func aMissingFileIsAnError() async throws {
        try await withTarget("") { url, file in
            await #expect(throws: StorageError.self) { try await restore(file + ".none.sql", url) }
        }
    }

    @Test func optionsThatNeedAnArchiveAreRefused() async throws {
        try await withTarget("SELECT 1;") { url, file in
            let error = await #expect(throws: RestoreError.self) {
                try await restore(file, url) {
                    $0.tables = [.init(table: "t")]
                    $0.dataOnly = true
                }
            }
            #expect(
                error?.message == "--table, --data-only cannot be used with a plain dump, which is restored as it is"
            )
            #expect(error?.exitStatus == .usage)
        }
    }

    @Test func sessionsOnTheTargetAreNamedBeforeAnythingIsMade() async throws {
        try await withTarget("CREATE TABLE t (a int);") { url, file in
            try await withSession(ServerAddress(url), logger: quietLogger) { session in try session.execute("SELECT 1")
            }
            let error = try await withHeldSession(
                ServerAddress(url),
                logger: quietLogger,
                prepare: { try $0.execute("SELECT 1") },
                while: { _ in await #expect(throws: RestoreError.self) { try await restore(file, url) } }
            )
            #expect(error?.code == .busy)
            #expect(try await databases(try await ThrowawayServer.shared(), like: url) == [PlainDump.name(of: url)])
        }
    }

    @Test func anInterruptLeavesNothing() async throws {
        for inPlace in [false, true] {
            try await withTarget("CREATE TABLE t (a int);\nSELECT pg_sleep(120);\n") { url, file in
                let task = Task { try await restore(file, url) { ($0.inPlace, $0.allowIncomplete) = (inPlace, true) } }
                let server = try await ThrowawayServer.shared()
                let sleeping =
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(120)%' AND datname LIKE '\(PlainDump.name(of: url))%'"
                while try await psql(server.url(database: "postgres"), sleeping) != "1" {}
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(try await databases(server, like: url) == [PlainDump.name(of: url)])
                try await #expect(psql(url, "SELECT to_regclass('t') IS NULL") == "t")
            }
        }
    }
}

// Helpers of these tests.

private enum PlainDump {
    static func name(of url: String) -> String { String(url.dropFirst("postgresql:///".count).prefix { $0 != "?" }) }
}

private func name(of url: String) -> String { PlainDump.name(of: url) }

/// The databases of the server whose names begin with that of `url`.
private func databases(_ server: ThrowawayServer, like url: String) async throws -> [String] {
    try await psql(
        server.url(database: "postgres"),
        "SELECT datname FROM pg_database WHERE datname = '\(name(of: url))' OR datname LIKE '\(name(of: url))\\_%' ORDER BY 1"
    ).split(separator: "\n").map(String.init)
}

/// Lends a database with everything that is difficult to dump.
private func withDump(_ body: (ThrowawayServer, ScratchFolder, String) async throws -> Void) async throws {
    let server = try await ThrowawayServer.shared()
    try await ScratchFolder.with { folder in
        try await server.withDatabase { source in
            try await psql(source, TrickyDatabase.sql)
            try await body(server, folder, source)
        }
    }
}

/// Lends a database with one small table, and a file with this content.
private func withTarget(
    _ content: [UInt8],
    file: String = "dump.sql",
    _ body: (String, String) async throws -> Void
) async throws {
    let server = try await ThrowawayServer.shared()
    try await ScratchFolder.with { folder in
        try folder.write(content, to: file)
        try await server.withDatabase { url in
            try await psql(url, "CREATE TABLE kept AS SELECT 1 AS a")
            try await body(url, folder.file(file))
        }
    }
}

private func withTarget(_ content: String, _ body: (String, String) async throws -> Void) async throws {
    try await withTarget(Array(content.utf8), body)
}
