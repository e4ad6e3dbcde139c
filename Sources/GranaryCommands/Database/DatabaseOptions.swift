package import ArgumentParser

/// The database for a command.
package struct DatabaseOptions: ParsableArguments {
    @Option(
        name: .customLong("database-url"),
        help: ArgumentHelp("The database; else DATABASE_URL, DATABASE_HOST …, PGHOST ….", valueName: "url")
    )
    package var databaseURL: String?

    @Flag(name: .long, help: "Use this folder's local server; create it if there is none.")
    package var local = false

    @Option(
        name: .long,
        help: ArgumentHelp("How long to wait for a server that is starting: 500ms, 60s, 2m.", valueName: "time")
    )
    package var wait: DurationArgument?

    @Option(
        name: .long,
        help: ArgumentHelp("The environment; else ENV, APP_ENV.", valueName: "name"),
        completion: .environment
    )
    package var env: String?

    @OptionGroup package var programs: ProgramOptions

    package init() {}
}

/// The location of PostgreSQL's programs.
package struct ProgramOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The folder of PostgreSQL's programs; else PATH is searched.", valueName: "folder"),
        completion: .directory
    )
    package var postgresBin: String?

    package init() {}
}
