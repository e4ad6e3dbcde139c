import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// A plain dump is restored only if it is complete.
@Suite struct WholeDumpTests {
    private static let content = """
        CREATE TABLE a (x int); INSERT INTO a SELECT generate_series(1, 20);
        CREATE TABLE b (x text PRIMARY KEY); INSERT INTO b VALUES ('-- PostgreSQL database dump complete'), ('two');
        """

    /// Lends a database with the content, and dumps of it by pg_dump and by granary.
    private func withDumps(_ body: (Ground) async throws -> Void) async throws {
        try await withDatabase(Self.content) { server, url, folder in
            let theirs = try await TrickyDatabase.dump(url)
            var options = BackupOptions(output: .file(path: folder.file("ours.sql"), overwrite: false))
            options.format = .sql
            _ = try await BackupRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }.run()
            let ours = String(decoding: folder.read("ours.sql"), as: UTF8.self)
            try await body(Ground(server: server, url: url, folder: folder, theirs: theirs, ours: ours))
        }
    }

    private struct Ground {
        let server: ThrowawayServer
        let url: String
        let folder: ScratchFolder
        let theirs: String
        let ours: String

        var name: String { String(url.dropFirst("postgresql:///".count).prefix { $0 != "?" }) }

        /// Expects a refusal before anything was created or changed.
        func expectRefusal(
            _ text: some StringProtocol,
            _ message: String,
            hint: String? = nil,
            sourceLocation: SourceLocation = #_sourceLocation,
            _ change: (inout RestoreOptions) -> Void = { _ in }
        ) async throws {
            let path = try folder.write(String(text), to: "dump.sql")
            let error = await failure(sourceLocation: sourceLocation) { try await restore(path, url, change) }
            #expect(error?.code == .incomplete, sourceLocation: sourceLocation)
            #expect(
                error?.message == message.replacing("FILE", with: path),
                sourceLocation: sourceLocation
            )
            if let hint { #expect(error?.hint == "nothing was changed; " + hint, sourceLocation: sourceLocation) }
            try await #expect(psql(url, "SELECT count(*) FROM a") == "20", sourceLocation: sourceLocation)
            let others = try await psql(
                url,
                "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '\\_%'"
            )
            #expect(others == "0", sourceLocation: sourceLocation)
        }
    }

    private static let unclosed =
        "the header of pg_dump has no closing line \"PostgreSQL database dump complete\", so the file is incomplete"

    @Test func aFileWithoutAStatementIsRefused() async throws {
        try await withDumps { ground in
            for text in ["", "\n\n", "-- a comment\n/* and another */\n;;\n", "\u{FEFF}", "\\restrict k\n"] {
                for (dropOld, inPlace) in [(false, false), (true, false), (false, true)] {
                    try await ground.expectRefusal(
                        text,
                        "FILE holds no statement, so there is nothing to restore",
                        hint: "check how the file was made"
                    ) {
                        ($0.dropOld, $0.inPlace, $0.allowIncomplete) = (dropOld, inPlace, true)
                    }
                }
            }
        }
    }

    /// Cuts the dump after each statement and each row, and within some.
    @Test func aDumpWhoseEndIsMissingIsRefused() async throws {
        try await withDumps { ground in
            let lines = ground.theirs.split(separator: "\n", omittingEmptySubsequences: false)
            let end = try #require(lines.lastIndex(of: "-- PostgreSQL database dump complete"))
            for count in stride(from: 8, to: end, by: 7) {
                let path = try ground.folder.write(lines[..<count].joined(separator: "\n"), to: "dump.sql")
                let error = await failure { try await restore(path, ground.url) { $0.dropOld = true } }
                #expect(error?.code == .incomplete, "after \(count) lines")
            }
            try await ground.expectRefusal(
                lines[..<end].joined(separator: "\n"),
                "FILE:2: \(Self.unclosed)",
                hint:
                    "take another copy of it, or restore what it holds into a new database with --allow-incomplete --into NEW"
            )
            try await ground.expectRefusal(
                lines[..<end].joined(separator: "\n"),
                "FILE:2: \(Self.unclosed)",
                hint: "an incomplete dump goes only into a new database: name one with --into"
            ) {
                ($0.inPlace, $0.allowIncomplete) = (true, true)
            }
        }
    }

    @Test func oneOfSeveralDumpsThatIsCutIsRefused() async throws {
        try await withDumps { ground in
            let cut = "-- PostgreSQL database dump\nCREATE TABLE c (x int);\n"
            try await ground.expectRefusal(cut + ground.theirs, "FILE:1: \(Self.unclosed)")
            let count = ground.theirs.utf8.count { $0 == 0x0A } + 1
            try await ground.expectRefusal(ground.theirs + cut, "FILE:\(count): \(Self.unclosed)")
        }
    }

    @Test func statementsMayFollowTheClosingLine() async throws {
        try await withDumps { ground in
            for text in [ground.theirs, ground.ours] {
                let path = try ground.folder.write(
                    text + "CREATE TABLE public.more AS SELECT 7 AS x;\n",
                    to: "dump.sql"
                )
                try await ground.server.withName { name in
                    let report = try await restore(path, ground.url) { $0.into = name }
                    #expect(report.isComplete == true)
                    #expect(report.notes == [])
                    let made = ground.server.url(database: name)
                    try await #expect(psql(made, "SELECT count(*), (SELECT x FROM more) FROM b") == "2|7")
                }
            }
        }
    }

    @Test func theNumbersInOurClosingLineAreChecked() async throws {
        try await withDumps { ground in
            #expect(ground.ours.hasSuffix("\n-- granary dump complete: tables 2, rows 22\n"))
            let lines = ground.ours.split(separator: "\n", omittingEmptySubsequences: false)
            let row = try #require(lines.firstIndex(of: "two"))
            let header = try #require(lines.firstIndex { $0.hasPrefix("-- granary dump:") }) + 1
            try await ground.expectRefusal(
                (lines[..<row] + lines[(row + 1)...]).joined(separator: "\n"),
                "FILE:\(lines.count - 2): according to the closing line there are tables 2, rows 22, but the file has tables 2, rows 21, so the file is incomplete"
            )
            try await ground.expectRefusal(
                lines.dropLast(2).joined(separator: "\n"),
                "FILE:\(header): the header of granary has no closing line \"granary dump complete\", so the file is incomplete"
            )
            // The last digit is missing.
            try await ground.expectRefusal(
                ground.ours.dropLast(2),
                "FILE:\(lines.count - 1): according to the closing line there are tables 2, rows 2, but the file has tables 2, rows 22, so the file is incomplete"
            )
        }
    }

    @Test func aDumpThatDoesNotTellReplacesNothingForGood() async throws {
        try await withDumps { ground in
            let text = "CREATE TABLE a (x int);\n"
            for inPlace in [false, true] {
                let option = inPlace ? "--in-place" : "--drop-old"
                try await ground.expectRefusal(
                    text,
                    "nothing in FILE tells whether it is complete, so \(option) is refused",
                    hint: "without \(option) the old database is kept; --allow-incomplete permits it"
                ) {
                    ($0.inPlace, $0.dropOld) = (inPlace, !inPlace)
                }
            }
            try await ground.expectRefusal(
                "CREATE TABLE a (x int);\n-- PostgreSQL database dump complete\n",
                "nothing in FILE tells whether it is complete: line 2 ends a dump whose header is missing, so --drop-old is refused"
            ) {
                $0.dropOld = true
            }
            // With the old database kept it is restored, and a note says what is unknown.
            let path = try ground.folder.write(text, to: "dump.sql")
            let report = try await restore(path, ground.url)
            #expect(report.isComplete == nil)
            let kept = try #require(report.kept)
            try await #expect(psql(ground.server.url(database: kept), "SELECT count(*) FROM a") == "20")
            let plan = try await RestoreRun(
                RestoreOptions(file: path),
                server: ServerAddress(ground.url),
                logger: quietLogger
            ) { _ in }.plan()
            #expect(plan.isComplete == nil)
            #expect(plan.steps.last == "nothing in \(path) tells whether it is complete")
            try await ground.server.execute("DROP DATABASE \"\(kept)\"")
            // With the option it may replace everything.
            let last = try await restore(path, ground.url) { ($0.dropOld, $0.allowIncomplete) = (true, true) }
            #expect(last.kept == nil)
            try await #expect(psql(ground.url, "SELECT count(*) FROM a") == "0")
        }
    }

    /// The header of granary's older dumps does not announce a closing line.
    @Test func anOlderDumpOfOursDoesNotTell() async throws {
        try await withDumps { ground in
            let old = ground.ours.split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix("-- granary dump") }.joined(separator: "\n")
            try await ground.expectRefusal(
                old,
                "nothing in FILE tells whether it is complete, so --drop-old is refused"
            ) {
                $0.dropOld = true
            }
        }
    }

    /// Cut within a row, within a statement, and after a statement; plain and packed.
    @Test func aCutDumpGoesIntoANewDatabaseWhereThatIsAllowed() async throws {
        try await withDumps { ground in
            let rows = try #require(ground.theirs.firstRange(of: "\n12\n13\n"))
            let constraint = try #require(ground.theirs.firstRange(of: "ADD CONSTRAINT"))
            for (end, count, tables) in [
                (ground.theirs.index(rows.lowerBound, offsetBy: 5), "12", "1"), (constraint.lowerBound, "20", "2"),
            ] {
                let text = Array(ground.theirs[..<end].utf8)
                var packed = try await runCommand("gzip", ["-c"], input: Array(ground.theirs.utf8)).stdoutBytes
                packed.removeLast(packed.count / 3)
                for (name, bytes) in [("cut.sql", text), ("cut.sql.gz", packed)] {
                    let path = try ground.folder.write(bytes, to: name)
                    try await ground.server.withName { made in
                        await #expect(throws: RestoreError.self) {
                            try await restore(path, ground.url) { $0.into = made }
                        }
                        let report = try await restore(path, ground.url) {
                            ($0.into, $0.allowIncomplete) = (made, true)
                        }
                        #expect(report.isComplete == false)
                        #expect(report.notes.count == 1)
                        let url = ground.server.url(database: made)
                        guard name == "cut.sql" else { return }
                        try await #expect(psql(url, "SELECT count(*) FROM a") == count)
                        #expect(report.tables == Int(tables))
                    }
                }
            }
        }
    }

    @Test func theOptionIsForPlainDumps() async throws {
        try await withDatabase("CREATE TABLE t (a int)") { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let error = await failure { try await restore(folder.file("a.zip"), url) { $0.allowIncomplete = true } }
            #expect(error?.code == .usage)
            #expect(error?.message == "--allow-incomplete goes with a plain dump")
        }
    }
}

/// The file that was checked and asked about is the file that is loaded.
@Suite struct OpenedOnceTests {
    private static let before = "CREATE TABLE t AS SELECT 'checked' AS a"
    private static let after = "DROP TABLE t; CREATE TABLE t AS SELECT 'replaced' AS a"

    @Test(arguments: ["a.zip", "a.sql", "a.sql.gz"]) func aFileThatIsReplacedAfterThePlanIsNotRead(
        name: String
    ) async throws {
        try await withDatabase(Self.before) { server, url, folder in
            let path = folder.file(name)
            func backUp(to path: String) async throws {
                var options = BackupOptions(output: .file(path: path, overwrite: false))
                options.format = name == "a.zip" ? .zip : name == "a.sql" ? .sql : .sqlGzip
                _ = try await BackupRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }.run()
            }
            try await backUp(to: path)
            try await psql(url, Self.after)
            try await backUp(to: folder.file("other-\(name)"))
            try await server.withName { made in
                var options = RestoreOptions(file: path)
                options.into = made
                let file = try RestoreFile(path)
                let address = ServerAddress(url)
                _ = try await RestoreRun(options, file: file, server: address, logger: quietLogger) { _ in }.plan()
                let moved = try await runCommand("mv", [folder.file("other-\(name)"), path])
                #expect(moved.status == 0)
                _ = try await RestoreRun(options, file: file, server: address, logger: quietLogger) { _ in }.run()
                try await #expect(psql(server.url(database: made), "SELECT a FROM t") == "checked")
            }
        }
    }

    /// The file is overwritten instead of replaced: its checked content no longer exists.
    @Test(arguments: [false, true]) func aDumpThatIsWrittenIntoIsNotRestored(inPlace: Bool) async throws {
        try await withDatabase(Self.before) { _, url, folder in
            let dump = "-- PostgreSQL database dump\nCREATE TABLE u (a int);\n-- PostgreSQL database dump complete\n"
            let path = try folder.write(dump, to: "a.sql")
            var options = RestoreOptions(file: path)
            options.inPlace = inPlace
            let file = try RestoreFile(path)
            let run = RestoreRun(options, file: file, server: ServerAddress(url), logger: quietLogger) { _ in }
            _ = try await run.plan()
            _ = try await runCommand("sh", ["-c", "sleep 0.05; printf 'CREATE TABLE v (a int);\n' >> '\(path)'"])
            let error = await failure { try await run.run() }
            #expect(error?.message == "\(path) was changed while it was restored")
            try await #expect(psql(url, "SELECT a, to_regclass('u') IS NULL FROM t") == "checked|t")
            let left = "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '\\_%'"
            try await #expect(psql(url, left) == "0")
        }
    }
}
