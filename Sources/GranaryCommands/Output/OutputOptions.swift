internal import ArgumentParser

/// The output options of every command.
package struct OutputOptions: ParsableArguments {
    package enum LogFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
        case text, json
    }

    @Flag(name: .long, help: "Print one JSON document on standard output, failures too.")
    package var json = false

    @Flag(name: .shortAndLong, help: "Print only results and errors.")
    package var quiet = false

    @Flag(name: .shortAndLong, help: "Print more: a line for each table, and the log.")
    package var verbose = false

    @Option(name: .long, help: ArgumentHelp("The format of standard error.", valueName: "text|json"))
    package var logFormat = LogFormat.text

    @Flag(name: .long, help: "Use no colors; NO_COLOR does the same.")
    package var noColor = false

    package init() {}

    package mutating func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose contradict each other") }
    }

    var settings: Console.Settings {
        var settings = Console.Settings()
        settings.isJSON = json
        settings.isQuiet = quiet
        settings.isVerbose = verbose
        settings.logsJSON = logFormat == .json
        settings.wantsColor = !noColor
        return settings
    }
}
