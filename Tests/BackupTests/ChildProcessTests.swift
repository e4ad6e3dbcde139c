import Glibc
import TestSupport
import Testing

@testable import Backup

/// The end of a child process, and that it ends together with granary.
@Suite struct ChildProcessTests {
    private func shell(_ script: String, patience: Duration = .seconds(10)) -> ChildProcess {
        var child = ChildProcess(path: "/bin/sh", arguments: ["-c", script])
        child.patience = patience
        return child
    }

    @Test func theOutputAndExitOfAChildAreReported() async throws {
        var child = shell("printf '%s' \"$A$B\"; head -c 300000 /dev/zero; echo no >&2; read x || exit 7")
        child.variables = ["A": "ä=1", "B": nil]
        setenv("B", "of ours", 1)
        let outcome = try await child.run()
        #expect(outcome.ending == .exited(7))
        #expect(outcome.output == Array("ä=1".utf8) + [UInt8](repeating: 0, count: 300_000))
        #expect(outcome.errors == "no\n")
        #expect(!outcome.isSuccess)
    }

    @Test func ofEndlessErrorsTheBeginningIsKept() async throws {
        let outcome = try await shell("head -c 9000000 /dev/zero >&2").run()
        #expect(outcome.isSuccess && outcome.errors.utf8.count == 1 << 16)
    }

    @Test func moreThanIsAllowedIsAnErrorAndItsEnd() async throws {
        var child = shell("exec yes")
        child.outputBytesMax = 1 << 20
        let error = await #expect(throws: BackupError.self) { try await child.run() }
        #expect(error?.message == "/bin/sh writes more than 1 MB, which is too much")
    }

    @Test func aSignalIsNamed() async throws {
        let killed = try await shell("kill -KILL $$").run()
        #expect(killed.ending == .killed(signal: SIGKILL))
        #expect(BackupError("pg_dump", killed.ending)?.message == "pg_dump was killed by SIGKILL")
        #expect(BackupError("pg_dump", killed.ending)?.hint?.isEmpty == false)
        let failed = try await shell("kill -SEGV $$").run()
        #expect(BackupError("pg_dump", failed.ending)?.message == "pg_dump was killed by SIGSEGV")
        #expect(BackupError("pg_dump", .exited(1)) == nil)
    }

    @Test func oneThatStaysStoppedIsEndedAndNamed() async throws {
        let stopped = try await shell("kill -STOP $$; echo never", patience: .milliseconds(500)).run()
        #expect(stopped.ending == .stopped(signal: SIGSTOP))
        #expect(stopped.output == [])
        #expect(
            BackupError("pg_dump", stopped.ending)?.message
                == "pg_dump was stopped by SIGSTOP and not continued, so granary ended it"
        )
    }

    @Test func aStoppedChildContinuesInTime() async throws {
        let outcome = try await shell("(sleep 0.3; kill -CONT $$) & kill -STOP $$; echo on").run()
        #expect(outcome.isSuccess)
        #expect(outcome.output == Array("on\n".utf8))
    }

    @Test(arguments: ["exec sleep 1000", "kill -STOP $$; exec sleep 1000", "trap '' TERM; while :; do sleep 0.1; done"])
    func cancellingEndsItWhateverItDoes(script: String) async throws {
        try await ScratchFolder.with { folder in
            let file = folder.file("pid")
            let child = shell("echo $$ >'\(file)'; \(script)")
            let task = Task { try await child.run() }
            try await eventually { String(decoding: readFile(file), as: UTF8.self).hasSuffix("\n") }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            let start = ContinuousClock.now
            await #expect(throws: CancellationError.self) { try await task.value }
            // Far less than the scripts would take, and enough for a busy machine.
            #expect(.now - start < .seconds(60))
            let processID = try #require(pid_t(String(decoding: readFile(file), as: UTF8.self).dropLast()))
            #expect(kill(processID, 0) == -1)
        }
    }

    @Test func aProgramThatIsNotThereIsSaid() async throws {
        let error = await #expect(throws: BackupError.self) {
            try await ChildProcess(path: "/nowhere/pg_dump", arguments: []).run()
        }
        #expect(error?.message == "/nowhere/pg_dump cannot be started: No such file or directory")
    }
}
