internal import PostgresClient
internal import Storage

/// A shell command of the user after a run, with a JSON document on its standard input. What it prints goes to standard
/// error.
struct Hook: Sendable {
    /// The option that gave it.
    let option: String
    let command: String
    let limit: Duration

    /// Runs it to its end.
    ///
    /// - Parameter stop: Ends it when fired.
    /// - Returns: Why it failed; nil if it did not.
    func run(_ document: JSONDocument, stop: CancelSignal) async -> String? {
        var shell = ShellCommand(
            command,
            input: Array((document.text + "\n").utf8),
            output: .onStandardError,
            limit: limit
        )
        (shell.hasOwnGroup, shell.grace, shell.wake) = (true, .seconds(5), stop.wake)
        let settled = shell
        do {
            let ending = try await onOwnThread(named: "granary-hook") {
                defer { withExtendedLifetime(stop) {} }
                return settled.run().ending
            }
            return reason(ending).map { "the command of --\(option) \($0)" }
        } catch {
            return "the command of --\(option) could not be started: \(FailureReport(error).message)"
        }
    }

    private func reason(_ ending: ShellCommand.Ending) -> String? {
        switch ending {
        case .exited(0): nil
        case .exited(let status): "failed with status \(status)"
        case .killed(let signal): "was killed by signal \(signal)"
        case .overdue: "did not end within \(Formatting.duration(seconds: limit / .seconds(1))), and was ended"
        case .interrupted: "was interrupted"
        case .tooMuchOutput, .notStarted: "could not be started"
        }
    }
}
