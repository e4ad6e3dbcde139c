import Glibc
import TestSupport
import Testing

/// Standard output and standard error that are closed, full, or no longer read.
@Suite struct OutputTests {
    /// Runs a bash script in `folder`, with the program as `$G`.
    private func bash(_ script: String, at url: String, in folder: ScratchFolder) async throws -> CommandOutcome {
        try await runCommand(
            "bash",
            ["-c", script],
            environment: ["G": try granaryBinary(), "DATABASE_URL": url],
            workingDirectory: folder.path,
            timeout: .seconds(180)
        )
    }

    private static let sessions = """
        SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('granary', 'pg_dump')
            AND datname = current_database()
        """

    private func withShop(_ body: (_ url: String, _ folder: ScratchFolder) async throws -> Void) async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withDatabase { url in
            try await ScratchFolder.with { folder in
                try await psql(
                    url,
                    """
                    CREATE TABLE a AS SELECT i, repeat(md5(i::text), 3) AS t FROM generate_series(1, 30000) i;
                    CREATE TABLE b AS TABLE a;
                    """
                )
                let marked = try await bash("$G env mark development", at: url, in: folder)
                try #require(marked.status == 0, "\(marked)")
                try await body(url, folder)
            }
        }
    }

    /// Waits until the workers are blocked while writing, then runs `deed`. Prints how many seconds the program took to
    /// end.
    private static func stopped(_ arguments: String, then deed: String) -> String {
        """
        set -m  # Else what runs in the background ignores an interrupt.
        mkfifo out; sleep 1000 <out & reader=$!
        $G \(arguments) >out 2>err & granary=$!
        # An archive's worker takes all rows before it waits for the reader: then the server waits for nothing.
        for _ in {1..100}; do
            psql -XqAt -d "$DATABASE_URL" -c "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite'
                AND application_name = 'granary' AND datname = current_database()" | grep -qv '^0' && break
            sleep 0.02
        done
        SECONDS=0; \(deed)
        wait $granary; echo "$? $((SECONDS < 15))"; kill $reader; cat err >&2
        """
    }

    @Test(arguments: ["zip --jobs 2 --compress 0", "sql"])
    func aBackupWhoseReaderHasStoppedIsEndedByAnInterrupt(format: String) async throws {
        try await withShop { url, folder in
            let script = Self.stopped("backup -o - --format \(format)", then: "kill -INT $granary")
            let outcome = try await bash(script, at: url, in: folder)
            #expect(outcome.stdout == "130 1\n", "\(outcome)")
            try await eventually { try await psql(url, Self.sessions) == "0" }
        }
    }

    @Test func aBackupWhoseReaderHasStoppedEndsWithTheSessionThatLeadsIt() async throws {
        try await withShop { url, folder in
            let end = """
                psql -XqAt -d "$DATABASE_URL" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = 'granary' AND wait_event <> 'ClientWrite' AND datname = current_database()" >/dev/null
                """
            let script = Self.stopped("backup -o - --jobs 2 --compress 0", then: end)
            let outcome = try await bash(script, at: url, in: folder)
            #expect(outcome.stdout == "1 1\n", "\(outcome)")
            #expect(outcome.stderr.contains("terminating connection due to administrator command"))
        }
    }

    @Test(arguments: ["backup -o x.zip --verbose", "restore a.zip --drop-old --verbose"])
    func aFullStandardErrorDoesNotKeepACommandFromBeingInterrupted(command: String) async throws {
        try await withShop { url, folder in
            let script = """
                $G backup -o a.zip --quiet >/dev/null || exit 99
                set -m  # Else what runs in the background ignores an interrupt.
                mkfifo err; sleep 1000 <err & reader=$!
                exec 7>err
                # Sixteen pages are a pipe.
                head -c 65536 /dev/zero >&7
                $G \(command) 2>&7 >/dev/null & granary=$!
                sleep 0.5; SECONDS=0; kill -0 $granary || exit 98
                kill -INT $granary; wait $granary; echo "$? $((SECONDS < 15))"; kill $reader
                """
            let outcome = try await bash(script, at: url, in: folder)
            #expect(outcome.stdout == "130 1\n", "\(outcome)")
            try await #expect(psql(url, "SELECT count(*) FROM a") == "30000")
            #expect(folder.names().filter { $0.hasSuffix(".zip") || $0.hasSuffix(".partial") } == ["a.zip"])
            try await eventually { try await psql(url, Self.sessions) == "0" }
        }
    }

    /// Fails before a server is contacted, because none listens there.
    @Test(arguments: [
        "backup", "backup -o -", "restore x.zip --drop-old --json", "clean --confirm shop", "migrate up",
        "migrate down",
        "migrate goto 0", "migrate redo", "migrate repair", "migrate adopt", "migrate baseline 1", "migrate approve 1",
        "migrate renumber", "migrate generate add_x --type table", "seed", "reset", "env mark staging --json", "init",
        "init --grant me --json", "backups prune --keep-last 1", "server start", "server stop --json",
    ])
    func commandsCheckTheirOutputBeforeTheyChangeAnything(command: String) async throws {
        try await ScratchFolder.with { folder in
            try folder.write("", to: "x.zip")
            let script = """
                $G \(command) >&-; echo $? >>told
                $G \(command) >/dev/full; echo $? >>told
                mkfifo p; true <p & exec 3>p; wait; $G \(command) >&3; echo $? >>told
                """
            let outcome = try await bash(script, at: "postgresql://app@127.0.0.1:1/shop", in: folder)
            #expect(String(decoding: folder.read("told"), as: UTF8.self) == "1\n1\n1\n", "\(outcome)")
            let sentences = ["it is closed", "No space left on device", "its reader has closed it"].map {
                "granary: error: standard output cannot take the result: \($0)\n"
                    + "hint: nothing was changed; redirect it to a file, or to /dev/null\n"
            }
            #expect(outcome.stderr == sentences.joined())
            #expect(folder.names().sorted() == ["p", "told", "x.zip"])
        }
    }

    /// The file of standard output has reached its maximum size, which only a write can detect.
    @Test func theResultGoesToStandardErrorIfStandardOutputFails() async throws {
        try await withShop { url, folder in
            let name = try await psql(url, "SELECT current_database()")
            mkdir(folder.file("migrations"), 0o755)
            for (file, sql) in [("up", "CREATE TABLE public.made (i int)"), ("down", "DROP TABLE public.made")] {
                try folder.write(sql, to: "migrations/000001_made.\(file).sql")
            }
            func run(_ command: String) async throws -> CommandOutcome {
                let script = "truncate -s 4M out; ulimit -f 4096; $G \(command) >>out"
                let outcome = try await bash(script, at: url, in: folder)
                #expect(outcome.status == 0, "\(outcome)")
                #expect(
                    outcome.stderr.contains(
                        "standard output cannot take the result (File too large); "
                            + "the work is done, and this is the result:"
                    ),
                    "\(outcome)"
                )
                return outcome
            }
            let backup = try await run("backup --quiet -o b.zip")
            #expect(backup.stderr.hasSuffix(":\nb.zip\n"))
            #expect(try await run("migrate up --service shop").stderr.contains("000001_made"))
            try await #expect(psql(url, "SELECT to_regclass('public.made')") == "made")
            #expect(try await run("migrate down --service shop").stderr.contains("000001_made"))
            try await #expect(psql(url, "SELECT to_regclass('public.made')") == "")
            let clean = try await run("clean --all --quiet --confirm \(name)")
            #expect(clean.stderr.contains(":\ngranary restore backups/"), "\(clean)")
            try await #expect(psql(url, "SELECT count(*) FROM a") == "0")
            let restored = try await run("restore b.zip --drop-old --json --confirm \(name)")
            #expect(restored.stderr.contains("{\"database\":\"\(name)\",\"rows\":60000,"), "\(restored)")
            try await #expect(psql(url, "SELECT count(*) FROM a") == "30000")
            let logged = try await run("migrate generate add_more --type table --service shop --log-format json --json")
            #expect(logged.stderr.contains(#"000002_add_more.up.sql"#))
        }
    }

    @Test func aClosedPipeIsNotAnError() async throws {
        try await withShop { url, folder in
            let script = """
                mkfifo p; true <p & exec 3>p; wait
                $G tables --all --quiet >&3; echo $?; $G --help >&3; echo $?
                $G validate --offline --migrations nowhere --json >&3; echo $?
                $G tables --all --quiet >/dev/full; echo $?
                """
            let outcome = try await bash(script, at: url, in: folder)
            #expect(outcome.stdout.hasPrefix("0\n0\n"), "\(outcome)")
            #expect(outcome.stdout.hasSuffix("\n1\n"))
            #expect(
                outcome.stderr.hasSuffix("granary: error: cannot write to standard output: No space left on device\n")
            )
            #expect(!outcome.stderr.contains("reader"))
        }
    }
}
