package import ArgumentParser

/// A command with an action: it is parsed, runs once, and prints through its console.
package protocol GranaryCommand: AsyncParsableCommand {
    var settings: Console.Settings { get }
    /// False for a command that passes the process on, including its signals.
    static var watchesSignals: Bool { get }
    /// Whether it changes nothing in any case, so that it needs no `--dry-run`.
    static var onlyReads: Bool { get }
    /// Whether it changes something and then prints the outcome on standard output.
    var reportsDeeds: Bool { get }
    /// Whether standard input is a file of the command, so that questions are answered on the terminal itself.
    var readsStandardInput: Bool { get }

    func run(on console: Console) async throws
    /// Calls `run`, with what else belongs around it, such as telling others of its end.
    func surrounding(on console: Console, _ run: () async throws -> Void) async throws
}

extension GranaryCommand {
    package static var watchesSignals: Bool { true }
    package static var onlyReads: Bool { false }

    package var reportsDeeds: Bool { false }
    package var readsStandardInput: Bool { false }

    package func surrounding(on console: Console, _ run: () async throws -> Void) async throws { try await run() }

    package mutating func run() async throws {
        let console = Console(settings, reportsDeeds: reportsDeeds, readsStandardInput: readsStandardInput)
        let command = self
        try await command.surrounding(on: console) {
            try console.requireOutput()
            try await command.run(on: console)
        }
    }
}

/// A command with the usual output options.
package protocol SpokenCommand: GranaryCommand {
    var speech: OutputOptions { get }
}

extension SpokenCommand {
    package var settings: Console.Settings { speech.settings }
}

/// The remark on variables below each command's example in the help.
let variablesHelp = """
    Every option has a variable: GRANARY_ and its name, such as GRANARY_JSON=1 for --json; values of repeated options \
    are separated by commas.
    """
