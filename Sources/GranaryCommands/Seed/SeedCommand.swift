package import ArgumentParser
internal import Glibc
internal import PostgresClient
internal import Project
internal import Seeding

/// `granary seed`.
package struct SeedCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Load the seeds of an environment, all or none. Running it again changes nothing.",
        discussion: """
            The files are in seeds/common and seeds/<environment>. Rows are found by their keys: missing rows are \
            inserted, different ones are updated, and all others are left alone.

            Example:
              granary seed --common
              granary seed --env development --plan
              granary seed --only users --scale 0.1
              granary seed --explain users
              granary seed --generate 'user_service.*' --rows 1000

            \(variablesHelp)
            """
    )

    @Flag(name: .long, help: "Only the layer that all environments share.") package var common = false
    @Flag(name: .plan, help: "Show what would be inserted, updated and deleted, and change nothing.")
    package var plan = false
    @Option(
        name: .long,
        help: ArgumentHelp("Only this table or .sql file, by name or pattern; repeatable.", valueName: "table")
    )
    package var only: [String] = []
    @Option(name: .long, help: ArgumentHelp("Multiply the counts of generated rows.", valueName: "factor"))
    package var scale: Double?
    @Option(
        name: .long,
        help: ArgumentHelp("Print which rule chose the generator of each column of a table.", valueName: "table")
    )
    package var explain: String?
    @Option(
        name: .long,
        help: ArgumentHelp("Fill the tables of this name or pattern.", valueName: "pattern")
    )
    package var generate: [String] = []
    @Flag(name: .long, help: "With --generate: change no table if one of them cannot be filled.")
    package var strict = false
    @Option(name: .long, help: ArgumentHelp("How many rows --generate makes for each table.", valueName: "n"))
    package var rows: Int?
    @Option(
        name: .long,
        help: ArgumentHelp("With --generate: write the generators into files of this folder.", valueName: "folder"),
        completion: .directory
    )
    package var write: String?
    @Option(
        name: .long,
        help: ArgumentHelp("Append generated rows to a file as COPY text; change nothing.", valueName: "file"),
        completion: .file()
    )
    package var output: String?
    @Option(name: .long, help: ArgumentHelp("The name of the target database.", valueName: "database"))
    package var confirm: String?
    @Option(name: .long, help: ArgumentHelp("The folder of seeds.", valueName: "folder"), completion: .directory)
    package var seeds = "seeds"
    @OptionGroup package var workers: JobsOption
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { !plan && explain == nil }
    package init() {}

    package mutating func validate() throws {
        if let scale, !(scale > 0 && scale <= 1_000_000) { throw ValidationError("--scale must be above 0") }
        if generate.isEmpty, rows != nil { throw ValidationError("--rows requires --generate") }
        if !generate.isEmpty, rows == nil { throw ValidationError("--generate needs --rows, the number of rows") }
        if write != nil, generate.isEmpty { throw ValidationError("--write requires --generate") }
        if strict, generate.isEmpty { throw ValidationError("--strict requires --generate") }
        if output != nil, generate.isEmpty { throw ValidationError("--output requires --generate") }
        if let rows, rows < 1 { throw ValidationError("--rows must be 1 or more") }
        if !generate.isEmpty, common { throw ValidationError("--generate and --common contradict each other") }
    }

    package func run(on console: Console) async throws {
        for (service, file) in try service.services(variables: console.environment) {
            try await run(service, file, on: console)
        }
    }
}
