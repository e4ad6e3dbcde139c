package import ArgumentParser

/// A command that does something: it is parsed, runs once, and speaks through its console.
package protocol GranaryCommand: AsyncParsableCommand {
    var settings: Console.Settings { get }
    /// False for a command that hands the process over, signals and all.
    static var watchesSignals: Bool { get }
    /// Whether it changes something, and then says on standard output what has become of it.
    var reportsDeeds: Bool { get }
    /// Whether standard input is a file of the command, so that questions are answered on the terminal itself.
    var readsStandardInput: Bool { get }

    func run(on console: Console) async throws
}

extension GranaryCommand {
    package static var watchesSignals: Bool { true }

    package var reportsDeeds: Bool { false }
    package var readsStandardInput: Bool { false }

    package mutating func run() async throws {
        let console = Console(settings, reportsDeeds: reportsDeeds, readsStandardInput: readsStandardInput)
        try console.requireOutput()
        try await run(on: console)
    }
}

/// A command with the usual options about speaking.
package protocol SpokenCommand: GranaryCommand {
    var speech: OutputOptions { get }
}

extension SpokenCommand {
    package var settings: Console.Settings { speech.settings }
}

/// What help says of variables, below each command's example.
let variablesHelp = """
    Every option has a variable: GRANARY_ and its name, such as GRANARY_JSON=1 for --json; values of repeated options \
    are separated by commas.
    """
