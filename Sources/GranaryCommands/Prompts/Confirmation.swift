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

    /// Checks `--confirm`. On a terminal it asks if `isNeeded` and nothing was given. Without a terminal no question is
    /// possible, and the command line counts as confirmation, unless `isRequired` demands `--confirm`.
    ///
    /// - Throws: `CommandError` with `.refused`; `CancellationError`.
    func settle(isNeeded: Bool, isRequired: Bool = false) async throws {
        if let given {
            guard given == database else {
                throw CommandError(
                    .refused,
                    "--confirm names \(given), and the target is \(database) at \(host)",
                    hint: "nothing was changed; look again which database the command works on"
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
                    "nothing was changed; if \(database) at \(host) is meant, add --confirm \(QuotedText.shellWord(database))"
            )
        }
        console.screen.ask("type \(Formatting.harmless(database)) to continue at \(Formatting.harmless(host)): ")
        guard try await Question.answer() == database else {
            throw CommandError(.refused, "not confirmed", hint: "nothing was changed")
        }
    }

}

/// A person at the terminal.
enum Question {
    static func canBeAsked(_ console: Console) -> Bool { isatty(STDIN_FILENO) == 1 && console.screen.isTerminal }

    /// A line from the terminal. Waits in short steps, so that an interrupt is noticed.
    static func answer() async throws -> String {
        while true {
            try Task.checkCancellation()
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            if poll(&input, 1, 0) > 0 { return readLine() ?? "" }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
