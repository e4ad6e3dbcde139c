import Glibc
import TestSupport
import Testing

/// Too few file descriptors or threads, too little memory, stopped or killed child processes, and names that are not
/// UTF-8.
@Suite struct LimitTests {
    private func bash(_ script: String, at url: String = "", in folder: ScratchFolder) async throws -> CommandOutcome {
        try await runCommand(
            "bash",
            ["-c", script],
            environment: ["G": try granaryBinary(), "DATABASE_URL": url],
            workingDirectory: folder.path,
            timeout: .seconds(90)
        )
    }

    private func withShop(_ body: (_ url: String, _ folder: ScratchFolder) async throws -> Void) async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await ScratchFolder.with { folder in
                for number in 1...20 {
                    try await psql(url, "CREATE TABLE t\(number) AS SELECT i FROM generate_series(1, 2000) i")
                }
                try await body(url, folder)
            }
        }
    }

    @Test func tooFewFilesAreNamedAndSoManyAreEnough() async throws {
        try await withShop { url, folder in
            let script = "ulimit -n 16; $G backup -o a.zip; echo $?; [ -e a.zip ]; echo $?"
            let few = try await bash(script, at: url, in: folder)
            #expect(few.stdout == "1\n1\n")
            #expect(
                few.stderr == "granary: error: this process may open 16 files, but 32 are needed\n"
                    + "hint: nothing was changed; raise the limit: ulimit -n 1024\n"
            )
            let enough = try await bash("ulimit -n 32; $G backup -o b.zip --jobs 1", at: url, in: folder)
            #expect(enough.status == 0, "\(enough)")
            // A process may raise its own soft limit.
            let soft = try await bash("ulimit -Sn 16; $G backup -o c.zip --jobs 4", at: url, in: folder)
            #expect(soft.status == 0, "\(soft)")
        }
    }

    @Test func missingThreadsAreReportedAtOnce() async throws {
        try await ScratchFolder.with { folder in
            // The limit does not apply to root.
            let user = getuid() == 0 ? "setpriv --reuid=54321 --clear-groups" : ""
            let outcome = try await bash("\(user) prlimit --nproc=1 $G tables", at: "postgresql:///x", in: folder)
            #expect(outcome.status == 1, "\(outcome)")
            #expect(
                outcome.stderr.hasPrefix("granary: error: no thread can be started: Resource temporarily unavailable\n")
            )
            #expect(outcome.stderr.contains("hint: nothing was changed; see `ulimit -u`"))
        }
    }

    /// With any amount of memory granary ends with a message and an exit code, and the next run succeeds.
    @Test func tooLittleMemoryIsSaid() async throws {
        try await withShop { url, folder in
            var statuses: [Int32] = []
            for megabytes in [150, 200, 250, 300, 400, 600, 1000, 4000] {
                let script = "ulimit -v \(megabytes * 1024); $G backup -o a.zip --force --jobs 2"
                let outcome = try await bash(script, at: url, in: folder)
                statuses.append(outcome.status)
                // This message comes from the program loader.
                if outcome.status == 127 { continue }
                #expect(outcome.status == 0 || outcome.status == 1, "\(megabytes) MB: \(outcome)")
                guard outcome.status == 1 else { continue }
                #expect(
                    outcome.stderr.contains("granary: error: ") && outcome.stderr.contains("\nhint: "),
                    "\(outcome)"
                )
                #expect(!outcome.stderr.contains("Crash") && !outcome.stderr.contains("Stack dump"), "\(outcome)")
            }
            #expect(statuses.last == 0)
            #expect(statuses.contains(1), "\(statuses)")
        }
    }

    @Test func aNameThatIsNotUTF8IsRefusedAndNoFileIsMade() async throws {
        try await withShop { url, folder in
            let outcome = try await bash("$G backup --output $'caf\\xe9.zip'", at: url, in: folder)
            #expect(outcome.status == 64)
            #expect(
                outcome.stderr.hasPrefix("granary: error: argument 3 is not UTF-8: caf\u{FFFD}.zip\n"),
                "\(outcome)"
            )
            let variable = try await bash("GRANARY_OUTPUT=$'caf\\xe9.zip' $G backup", at: url, in: folder)
            #expect(variable.status == 64)
            #expect(variable.stderr.hasPrefix("granary: error: the variable GRANARY_OUTPUT is not UTF-8\n"))
            #expect(folder.names() == [])
            let good = try await bash("$G backup --output café.zip", at: url, in: folder)
            #expect(good.status == 0 && Set(folder.names()) == ["café.zip", "café.zip.json"])
        }
    }

    /// A pg_dump that runs `deed` instead of dumping the schema, and writes its process ID to a file.
    private func dump(that deed: String, in folder: ScratchFolder) async throws {
        let program = try await ThrowawayServer.shared().program("pg_dump")
        let script = """
            #!/bin/sh
            [ "$1" = --version ] && exec \(program) --version
            echo $$ >"\(folder.file("pid"))"
            \(deed)
            """
        try await writeScript(script, to: folder.file("bin/pg_dump"))
    }

    private func processID(in folder: ScratchFolder) -> pid_t? {
        let text = String(decoding: folder.read("pid"), as: UTF8.self)
        return text.hasSuffix("\n") ? pid_t(text.dropLast()) : nil
    }

    @Test func aKilledDumpIsNamedWithItsSignal() async throws {
        try await withShop { url, folder in
            try await dump(that: "kill -KILL $$", in: folder)
            let outcome = try await bash("$G backup -o a.zip --postgres-bin bin", at: url, in: folder)
            #expect(outcome.status == 1)
            #expect(outcome.stderr.contains("granary: error: pg_dump was killed by SIGKILL\nhint: "), "\(outcome)")
        }
    }

    @Test(arguments: ["KILL", "INT"], ["exec sleep 1000", "kill -STOP $$; exec sleep 1000"])
    func pgDumpEndsTogetherWithGranary(signal: String, deed: String) async throws {
        try await withShop { url, folder in
            try await dump(that: deed, in: folder)
            let script = """
                $G backup -o a.zip --postgres-bin bin & granary=$!
                until [ -s pid ]; do sleep 0.02; done; sleep 0.1
                kill -\(signal) $granary; wait $granary; echo $?
                """
            let outcome = try await bash(script, at: url, in: folder)
            #expect(outcome.stdout == (signal == "KILL" ? "137\n" : "130\n"), "\(outcome)")
            let dump = try #require(processID(in: folder))
            try await eventually { kill(dump, 0) == -1 }
        }
    }
}
