import TestSupport
import Testing

/// The files that `restore` accepts.
@Suite struct RestoreFileTests {
    private func withShop(
        _ body: (
            _ url: String, _ folder: ScratchFolder, _ granary: ([String]) async throws -> CommandOutcome
        ) async throws -> Void
    ) async throws {
        try await TestProject.with("CREATE TABLE good (a int); INSERT INTO good VALUES (1)") { project in
            try await project.mark()
            try await body(project.url, project.folder) { arguments in
                try await project.granary(arguments, environment: ["GRANARY_ENV": "development"])
            }
        }
    }

    private func name(of url: String) -> String {
        String(url.dropFirst("postgresql:///".count).prefix { $0 != "?" })
    }

    @Test func anEmptyAndACutDumpAreRefusedBeforeAnythingHappens() async throws {
        try await withShop { url, folder, granary in
            let dump = try await TrickyDatabase.dump(url)
            let cut = String(
                dump[..<(try #require(dump.firstRange(of: "--\n-- PostgreSQL database dump complete")).lowerBound)]
            )
            for (text, message) in [
                ("", "dump.sql holds no statement, so there is nothing to restore"),
                ("-- nothing\n", "dump.sql holds no statement, so there is nothing to restore"),
                (cut, "dump.sql:2: the header of pg_dump has no closing line"),
                (
                    "CREATE TABLE t (a int);\n",
                    "nothing in dump.sql tells whether it is complete, so --drop-old is refused"
                ),
            ] {
                try folder.write(text, to: "dump.sql")
                let restore = ["restore", "dump.sql", "--drop-old", "--confirm", name(of: url)]
                let refused = try await granary(restore)
                #expect(refused.status == 3, "\(refused)")
                #expect(refused.stderr.contains("granary: error: \(message)"), "\(refused)")
                #expect(refused.stderr.contains("\nhint: nothing was changed; "), "\(refused)")
                let plan = try await granary(restore + ["--plan"])
                #expect(plan.status == 1, "\(plan)")
                #expect(plan.stdout.contains("It would fail:\n- \(message)"), "\(plan)")
                try await #expect(psql(url, "SELECT count(*) FROM good") == "1")
            }
        }
    }

    @Test func aCutDumpThatIsAllowedEndsWithTwo() async throws {
        try await withShop { url, folder, granary in
            try folder.write("-- PostgreSQL database dump\nCREATE TABLE t (a int);\nCREATE TABLE u", to: "cut.sql")
            let made = name(of: url) + "_cut"
            let restored = try await granary(["restore", "cut.sql", "--allow-incomplete", "--into", made, "--json"])
            #expect(restored.status == 2, "\(restored)")
            #expect(restored.stdout.contains("\"complete\":false"), "\(restored)")
            #expect(restored.stderr.contains("note: cut.sql:1: "), "\(restored)")
            let server = try await ThrowawayServer.shared()
            #expect(
                try await psql(server.url(database: made), "SELECT count(*), to_regclass('u') IS NULL FROM t") == "0|t"
            )
            // The database exists now, so it is not replaced.
            let again = try await granary(["restore", "cut.sql", "--allow-incomplete", "--into", made])
            #expect(again.status == 3, "\(again)")
            try await server.execute("DROP DATABASE \"\(made)\"")
        }
    }

    @Test(arguments: ["a.zip", "a.sql", "a.sql.gz"]) func aFileThroughAPipeIsRestored(file: String) async throws {
        try await withShop { url, folder, granary in
            try #require(try await granary(["backup", "--output", file]).status == 0)
            let made = name(of: url) + "_piped"
            let server = try await ThrowawayServer.shared()
            for source in ["cat \(file) | ", "mkfifo p; (sleep 0.2; cat \(file) > p) & "] {
                let path = source.hasPrefix("cat") ? "/dev/stdin" : "p"
                let outcome = try await runCommand(
                    "sh",
                    ["-c", "\(source)'\(granaryBinary())' restore --quiet --drop-old --into \(made) \(path)"],
                    environment: ["DATABASE_URL": url, "GRANARY_ENV": "development"],
                    workingDirectory: folder.path
                )
                #expect(outcome.status == 0, "\(outcome)")
                try await #expect(psql(server.url(database: made), "SELECT a FROM good") == "1")
                try await server.execute("DROP DATABASE \"\(made)\"")
            }
        }
    }
}

/// Backups that start in the same second.
@Suite struct BackupNameTests {
    @Test func twoCleaningsOfASecondBothHaveTheirBackup() async throws {
        let tables = """
            CREATE SCHEMA one; CREATE TABLE one.t AS SELECT 1 AS a;
            CREATE SCHEMA two; CREATE TABLE two.t AS SELECT 2 AS a;
            """
        try await TestProject.with(tables) { project in
            try await project.mark()
            async let first = project.granary("clean", "--service", "one", "--confirm", project.database)
            async let second = project.granary("clean", "--service", "two", "--confirm", project.database)
            for outcome in try await [first, second] { #expect(outcome.status == 0, "\(outcome)") }
            #expect(project.folder.names(in: "backups").count { $0.hasSuffix(".zip") } == 2)
            let left = "SELECT (SELECT count(*) FROM one.t), (SELECT count(*) FROM two.t)"
            try await #expect(project.sql(left) == "0|0")
        }
    }

    @Test func aFileThatAnotherBackupWritesIsBusy() async throws {
        try await TestProject.with { project in
            let script = "exec 9> a.zip.partial; flock 9; '\(try granaryBinary())' backup -o a.zip 9>&-"
            let outcome = try await runCommand(
                "sh",
                ["-c", script],
                environment: project.variables,
                workingDirectory: project.folder.path
            )
            #expect(outcome.status == 5, "\(outcome)")
            #expect(outcome.stderr.contains("another backup is writing a.zip.partial"), "\(outcome)")
        }
    }
}
