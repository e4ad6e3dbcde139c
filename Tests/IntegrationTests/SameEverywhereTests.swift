import TestSupport
import Testing

/// What one option or signal means in every command.
@Suite struct SameEverywhereTests {
    /// By the option and by the variable, each under one of its two names.
    @Test func dryRunAndPlanChangeNothing() async throws {
        try await TestProject.withOrders(marked: "development") { site in
            for (version, table) in [(1, "a"), (2, "b")] {
                try site.folder.write("CREATE TABLE shop.\(table) (id int);", to: "migrations/\(version)_x.up.sql")
                try site.folder.write("DROP TABLE shop.\(table);", to: "migrations/\(version)_x.down.sql")
            }
            try site.folder.write("", to: "backups/.keep")
            try site.folder.write("- {id: 3, note: three}\n", to: "seeds/common/shop.orders.yaml")
            try await #expect(site.granary("migrate", "up", "1").status == 0)
            for name in ["1", "2"] {
                try await #expect(site.granary("backup", "--output", "backups/\(name).zip").status == 0)
            }
            func state() async throws -> [String] {
                let text = """
                    SELECT string_agg(id || note, ' ' ORDER BY id) FROM shop.orders;
                    SELECT to_regclass('shop.a'), to_regclass('shop.b'); SELECT count(*) FROM granary.migration_log;
                    SELECT count(*) FROM granary.seeds
                    """
                return try await [psql(site.url, text)] + site.folder.names(in: "backups")
                    + site.server.databases().filter { $0.hasPrefix(site.database) }
            }
            let before = try await state()
            let confirmed = ["--confirm", site.database]
            for (words, shown) in [
                (["restore", "1.zip"] + confirmed, "swap it with"), (["clean"] + confirmed, "this will be gone"),
                (["reset"] + confirmed, "would drop"), (["seed"] + confirmed, "shop.orders"),
                (["migrate", "up"] + confirmed, "2_x"), (["migrate", "down"] + confirmed, "1_x"),
                (["migrate", "goto", "2"] + confirmed, "2_x"), (["migrate", "redo"] + confirmed, "1_x"),
                (["backups", "prune", "--keep-last", "1"], ".zip"),
            ] {
                for outcome in [
                    try await site.granary(words + ["--plan"]),
                    try await site.granary(words, environment: ["GRANARY_DRY_RUN": "1"]),
                ] {
                    #expect(outcome.status == 0 && outcome.stdout.contains(shown), "\(words): \(outcome)")
                }
                try await #expect(state() == before, "\(words)")
            }
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

    @Test func aPlanRefusesTheNameOfAnotherDatabase() async throws {
        try await TestProject.withOrders(marked: "development") { site in
            try site.folder.write("CREATE TABLE shop.a (id int);", to: "migrations/1_a.up.sql")
            try site.folder.write("DROP TABLE shop.a;", to: "migrations/1_a.down.sql")
            try await site.archive(of: "development")
            for words in [
                ["restore", "development.zip"], ["restore", "development.zip", "--in-place"], ["clean"], ["reset"],
            ] {
                let wrong = try await site.granary(words + ["--plan", "--confirm", "other"])
                #expect(wrong.status == 3 && wrong.stdout.isEmpty, "\(words): \(wrong)")
                #expect(wrong.stderr.contains("--confirm names other, but the target is \(site.database)"), "\(wrong)")
            }
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
            #expect(site.folder.names(in: "backups") == [])
        }
    }
}
