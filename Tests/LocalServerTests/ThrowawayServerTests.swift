import Glibc
import LocalServer
import TestSupport
import Testing

@Suite struct ThrowawayServerTests {
    @Test func databasesAreDistinctAndDroppedAfterwards() async throws {
        let server = try await ThrowawayServer.shared()
        var names: [String] = []
        for _ in 0..<2 {
            names.append(try await server.withDatabase { try await psql($0, "SELECT current_database()") })
        }
        #expect(Set(names).count == 2)
        let left = try await psql(server.url(database: "postgres"), "SELECT datname FROM pg_database")
        #expect(names.allSatisfy { !left.split(separator: "\n").map(String.init).contains($0) })
    }

    @Test func optionsReachTheServerAndTheDatabase() async throws {
        let server = try await ThrowawayServer.start(options: ["work_mem": "5MB"])
        let encoding = try await server.withDatabase(options: "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'") {
            try await #expect(psql($0, "SHOW work_mem") == "5MB")
            return try await psql($0, "SHOW server_encoding")
        }
        #expect(encoding == "SQL_ASCII")
        try await server.stop()
        #expect(access(server.folder, F_OK) != 0)
    }

    @Test func aKilledServerIsGoneAndComesBack() async throws {
        let server = try await ThrowawayServer.start()
        let url = server.url(database: "postgres")
        try await psql(url, "CREATE TABLE kept AS SELECT 1 AS n; CHECKPOINT")
        try await server.kill()
        await #expect(throws: CommandFailure.self) { try await psql(url, "SELECT 1") }
        try await server.restart()
        try await #expect(psql(url, "SELECT n FROM kept") == "1")
        try await server.stop()
    }

    @Test func aCrashOfTheTestProcessTakesTheServerAlong() async throws {
        let outcome = try await inOwnProcess(status: 128 + SIGKILL) {
            let server = try await ThrowawayServer.start()
            print("\nserver \(server.processID ?? 0) \(server.folder)")
            fflush(nil)
            kill(getpid(), SIGKILL)
        }
        let output = try #require(outcome).stdout
        let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("server ") })
        let words = line.split(separator: " ")
        let (process, folder) = (try #require(pid_t(words[1])), String(words[2]))
        #expect(process > 1)
        let deadline = ContinuousClock.now + .seconds(20)
        while access(folder, F_OK) == 0, .now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(access(folder, F_OK) != 0)
        // The process no longer works anywhere, even if its status was not collected yet.
        #expect(realpath("/proc/\(process)/cwd", nil) == nil)
    }

    @Test func aCommandThatDoesNotEndIsKilled() async throws {
        let start = ContinuousClock.now
        await #expect(throws: CommandFailure.self) {
            try await runCommand("sleep", ["600"], timeout: .milliseconds(200))
        }
        #expect(.now - start < .seconds(300))
    }

    @Test func aCommandDoesNotInheritWhatChoosesADatabase() async throws {
        setenv("PGHOST", "/nowhere", 1)
        let outcome = try await runCommand(
            "sh",
            ["-c", "echo ${PGHOST-unset} ${MINE-unset}; exit 3"],
            environment: ["MINE": "x"]
        )
        #expect(outcome.stdout == "unset x\n")
        #expect(outcome.status == 3)
        unsetenv("PGHOST")
    }

    @Test func theSameSeedGivesTheSameNumbers() {
        var random = SeededRandom(seed: 1_234_567)
        // The published reference values of SplitMix64 for this seed.
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
    }
}
