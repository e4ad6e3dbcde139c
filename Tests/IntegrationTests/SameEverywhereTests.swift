import TestSupport
import Testing

/// What one option or signal means in every command.
@Suite struct SameEverywhereTests {
    @Test func dryRunAndPlanChangeNothing() async throws {
        try await TestProject.withOrders(marked: "development") { site in
            try await site.archive(of: "development")
            try site.folder.write("CREATE TABLE shop.a (id int);", to: "migrations/1_a.up.sql")
            try site.folder.write("DROP TABLE shop.a;", to: "migrations/1_a.down.sql")
            let names = try await site.server.databases()
            for flag in ["--plan", "--dry-run"] {
                for words in [
                    ["restore", "development.zip"], ["clean"], ["reset"], ["migrate", "up"], ["migrate", "redo"],
                ] {
                    let outcome = try await site.granary(words + [flag, "--env", "development"])
                    #expect(outcome.status == 0, "\(words) \(flag): \(outcome)")
                }
            }
            let byVariable = try await site.granary(
                "clean",
                "--confirm",
                site.database,
                environment: ["GRANARY_DRY_RUN": "1"]
            )
            #expect(byVariable.stdout.contains("this will be gone"), "\(byVariable)")
            try await #expect(site.rows() == "1 one, 2 two")
            try await #expect(
                site.server.databases().filter { $0.hasPrefix(site.database) }
                    == names.filter { $0.hasPrefix(site.database) }
            )
            try await #expect(psql(site.url, "SELECT to_regclass('shop.a')") == "")
        }
    }

    @Test func confirmNamesTheDatabaseAlsoForMigrations() async throws {
        try await TestProject.withOrders(marked: "qa") { site in
            try site.folder.write("CREATE TABLE shop.a (id int);", to: "migrations/1_a.up.sql")
            try site.folder.write("DROP TABLE shop.a;", to: "migrations/1_a.down.sql")
            for command in ["up", "down"] {
                let wrong = try await site.granary("migrate", command, "--confirm", "other")
                #expect(wrong.status == 3, "\(wrong)")
                #expect(wrong.stderr.contains("--confirm names other, but the target is \(site.database)"), "\(wrong)")
            }
            // A number is the name of a database here, since nothing is reverted.
            try await #expect(site.granary("migrate", "up", "--confirm", "1").status == 3)
            try await #expect(psql(site.url, "SELECT to_regclass('shop.a')") == "")
            try await #expect(site.granary("migrate", "up", "--confirm", site.database).status == 0)
            try await #expect(site.granary("migrate", "down", "--confirm", site.database).status == 0)
        }
    }

    /// qa allows no destructive operations, so the version must be confirmed, by its own option or as before.
    @Test(arguments: [["--confirm-version", "1"], ["--confirm", "000001"]])
    func theVersionHasAnOptionOfItsOwn(confirming: [String]) async throws {
        let strict = """
            {"service": "shop", "environments": {"qa": {"config": {"allow_destructive_operations": false}}}}
            """
        try await TestProject.withOrders(marked: "qa", strict) { site in
            try site.folder.write("CREATE TABLE shop.a (id int);", to: "migrations/1_a.up.sql")
            try site.folder.write("DROP TABLE shop.a;", to: "migrations/1_a.down.sql")
            try await #expect(site.granary("migrate", "up").status == 0)
            let refused = try await site.granary("migrate", "down", "--confirm", site.database)
            #expect(refused.status == 3 && refused.stderr.contains("add --confirm-version 1"), "\(refused)")
            let done = try await site.granary(["migrate", "down"] + confirming)
            #expect(done.status == 0, "\(done)")
        }
    }

    /// The signal is pending when the program starts, which nothing may take back.
    @Test func aSignalIsNotLostWhileACommandBegins() async throws {
        let script = """
            mkfifo input && exec 3<>input && exec timeout -s KILL 60 perl -MPOSIX -e '
                sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM)); kill TERM => $$; exec @ARGV' "$0" verify - <input
            """
        try await ScratchFolder.with { folder in
            let outcome = try await runCommand("bash", ["-c", script, granaryBinary()], workingDirectory: folder.path)
            #expect([130, 143].contains(outcome.status), "\(outcome)")
        }
    }

    /// `timeout` signals the command, and then its process group. By then the command must have begun to wait.
    @Test func aCommandThatTimeoutStopsTidiesUp() async throws {
        try await TestProject.withOrders(marked: "qa") { site in
            let outcome = try await site.holding("LOCK TABLE shop.orders") {
                try await runCommand(
                    "timeout",
                    ["--preserve-status", "8", granaryBinary(), "backup"],
                    environment: ["DATABASE_URL": site.url],
                    workingDirectory: site.folder.path
                )
            }
            #expect(outcome.status == 130 && outcome.stderr.hasSuffix("granary: error: interrupted\n"), "\(outcome)")
        }
    }
}
