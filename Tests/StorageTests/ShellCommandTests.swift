import Basics
import Glibc
import TestSupport
import Testing

@testable import Storage

/// Command lines of users, with a limit.
@Suite struct ShellCommandTests {
    private func run(_ command: ShellCommand) async throws -> (ending: ShellCommand.Ending, output: [UInt8]) {
        try await onOwnThread(named: "test") { command.run() }
    }

    @Test func aCommandGetsItsInputAndReturnsItsOutput() async throws {
        let input = [UInt8](repeating: 7, count: 300_000)
        let copied = try await run(
            ShellCommand("cat", input: input, output: .kept(bytesMax: 1 << 20), limit: .seconds(60))
        )
        #expect(copied.ending == .exited(0) && copied.output == input)
        let none = try await run(ShellCommand("cat; exit 3", output: .kept(bytesMax: 1), limit: .seconds(60)))
        #expect(none.ending == .exited(3) && none.output == [])
    }

    @Test func aCommandNeedNotReadItsInput() async throws {
        let input = [UInt8](repeating: 7, count: 300_000)
        let deaf = try await run(
            ShellCommand("exec <&-; exit 4", input: input, output: .onStandardError, limit: .seconds(60))
        )
        #expect(deaf.ending == .exited(4))
    }

    @Test func itsSignalIsReportedAndTooMuchOutputEndsIt() async throws {
        let killed = try await run(ShellCommand("kill -KILL $$", output: .onStandardError, limit: .seconds(60)))
        #expect(killed.ending == .killed(signal: SIGKILL))
        let endless = try await run(ShellCommand("exec yes", output: .kept(bytesMax: 9), limit: .seconds(60)))
        #expect(endless.ending == .tooMuchOutput)
    }

    /// A shell that waits for another program would leave it behind.
    @Test func afterTheLimitItsWholeGroupIsGone() async throws {
        try await ScratchFolder.with { folder in
            let pid = folder.file("pid")
            var command = ShellCommand(
                "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ >\(pid); while :; do sleep 0.05; done' & wait; wait",
                output: .onStandardError,
                limit: .milliseconds(500)
            )
            (command.hasOwnGroup, command.grace) = (true, .milliseconds(200))
            try await #expect(run(command).ending == .overdue)
            let left = try #require(Int32(String(decoding: folder.read("pid"), as: UTF8.self).filter(\.isNumber)))
            try await eventually { kill(left, 0) != 0 }
        }
    }

    @Test func itMayEndInPeace() async throws {
        try await ScratchFolder.with { folder in
            var command = ShellCommand(
                "trap 'echo told >\(folder.file("told")); exit' TERM; sleep 1000 & wait",
                output: .onStandardError,
                limit: .milliseconds(300)
            )
            (command.hasOwnGroup, command.grace) = (true, .seconds(30))
            try await #expect(run(command).ending == .overdue)
            #expect(folder.read("told") == Array("told\n".utf8))
        }
    }

    /// Among them are secrets, and a hook that runs granary would run itself.
    @Test func itDoesNotGetTheVariablesOfGranary() async throws {
        setenv("GRANARY_TEST_OF_SHELL_COMMANDS", "secret", 1)
        defer { unsetenv("GRANARY_TEST_OF_SHELL_COMMANDS") }
        let printed = try await run(ShellCommand("env", output: .kept(bytesMax: 1 << 20), limit: .seconds(60)))
        let text = String(decoding: printed.output, as: UTF8.self)
        #expect(text.contains("PATH=") && !text.contains("GRANARY_TEST_OF_SHELL_COMMANDS"))
    }
}
