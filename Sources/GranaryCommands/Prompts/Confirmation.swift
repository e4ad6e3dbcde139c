internal import Glibc
internal import PostgresClient

/// The question before a destructive operation.
struct Confirmation {
    /// The target database.
    let database: String
    let host: String
    /// `--confirm`.
    let given: String?
    let console: Console

    /// Checks `--confirm`; a plan needs no more. If it is missing and `isNeeded` is true, asks on a terminal. Without a
    /// terminal it cannot ask, and the command line counts as confirmation, unless `isRequired` demands `--confirm`.
    ///
    /// - Throws: `CommandError` with `.refused`; `CancellationError`.
    func settle(isNeeded: Bool, isRequired: Bool = false) async throws {
        if let given {
            guard given == database else {
                throw CommandError(
                    .refused,
                    "--confirm names \(given), but the target is \(database) at \(host)",
                    hint: "nothing was changed; check which database the command works on"
                )
            }
            return
        }
        guard isNeeded else { return }
        guard Question.canBeAsked(console) else {
            guard isRequired else { return }
            throw CommandError(
                .refused,
                "not confirmed, and there is no terminal to ask on",
                hint:
                    "nothing was changed; to use \(database) at \(host), add --confirm \(QuotedText.shellWord(database))"
            )
        }
        console.screen.ask("type \(Formatting.harmless(database)) to continue at \(Formatting.harmless(host)): ")
        guard try await Question.answer(console) == database else {
            throw CommandError(.refused, "not confirmed", hint: "nothing was changed")
        }
    }
}

/// The user at the terminal.
enum Question {
    static func canBeAsked(_ console: Console) -> Bool {
        guard console.screen.isTerminal else { return false }
        guard console.readsStandardInput else { return isatty(STDIN_FILENO) == 1 }
        let terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC)
        if terminal >= 0 { close(terminal) }
        return terminal >= 0
    }

    /// A line from the terminal. Waits in short steps, so that an interrupt is noticed.
    ///
    /// - Returns: An empty text without a terminal.
    static func answer(_ console: Console) async throws -> String {
        guard console.readsStandardInput else { return try await line(from: STDIN_FILENO, console) }
        let terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC)
        guard terminal >= 0 else { return "" }
        defer { close(terminal) }
        return try await line(from: terminal, console)
    }

    private static func line(from terminal: CInt, _ console: Console) async throws -> String {
        var line: [UInt8] = []
        while true {
            try Task.checkCancellation()
            var input = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, 0) > 0 else {
                try await Task.sleep(for: .milliseconds(50))
                continue
            }
            var byte: UInt8 = 0
            let count = read(terminal, &byte, 1)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count == 1, byte != 0x0A else {
                // After Ctrl-D the cursor is still behind the question.
                if count < 1 { console.screen.ask("\n") }
                return String(decoding: line, as: UTF8.self)
            }
            line.append(byte)
        }
    }
}
