package import ArgumentParser
internal import Migrations

/// `granary validate`.
package struct ValidateCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check migrations, both JSON files and seeds; report each problem with its place and a fix.",
        discussion: """
            No file is changed. Migrations run in scratch databases alone, which are dropped again, on --scratch-url, on the \
            project's local server, or on a private server in ~/.cache/granary, which is stopped afterwards and kept for \
            the next time. Exits with 2 when there are errors or warnings. A comment `-- granary: ignore rule` on a statement, or in the first comment of a file, silences a \
            rule; docs/migrations.md and docs/rules.md list the rules.

            Example:
              granary validate --offline
              granary validate --offline --base origin/main --format github
              granary validate --since 000042

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    package enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case text, json, github
    }

    @Flag(name: .long, help: "Check only the files, without a replay or a database.")
    package var offline = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The branch these files will be merged into: numbers it has taken, merged files edited here.",
            valueName: "gitref"
        )
    )
    package var base: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Skip history: migrations up to this version.", valueName: "version"),
        completion: .migration
    )
    package var since: String?

    @Option(
        name: .long,
        help: ArgumentHelp("A server for the replay, in a database of its own that is dropped again.", valueName: "url")
    )
    package var scratchURL: String?

    @Option(name: .long, help: ArgumentHelp("The format of findings.", valueName: "text|json|github"))
    package var format: Format?

    @Option(name: .long, help: ArgumentHelp("The folder of seeds.", valueName: "folder"), completion: .directory)
    package var seeds = "seeds"

    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package mutating func validate() throws {
        if let since, Migration.version(spelled: since) == nil {
            throw ValidationError("--since takes the number of a migration, not \(since)")
        }
        // An empty value may come from a variable that a workflow sets only for pull requests.
        if base?.isEmpty == true { throw ValidationError("--base needs the name of a branch, but is empty") }
        if offline, scratchURL != nil { throw ValidationError("--offline and --scratch-url contradict each other") }
        if speech.json, let format, format != .json {
            throw ValidationError("--json and --format \(format.rawValue) contradict each other")
        }
    }

    package var settings: Console.Settings {
        var settings = speech.settings
        // Failures are a document too.
        settings.isJSON = settings.isJSON || format == .json
        return settings
    }
}
