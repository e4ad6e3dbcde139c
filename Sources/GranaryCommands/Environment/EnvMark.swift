package import ArgumentParser
internal import Environments
internal import PostgresClient

/// `granary env mark`.
package struct EnvMark: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "mark",
        abstract: "Mark a database with its environment.",
        discussion: """
            Examples:
              granary env mark staging --database-url postgresql://app@db.staging/shop
              granary env mark development --force

            \(variablesHelp)
            """
    )

    @Argument(help: ArgumentHelp("One of the declared environments.", valueName: "name"))
    package var name: String

    @Flag(name: .long, help: "Replace the marker of another environment.")
    package var force = false

    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Where it is written") package var state: StateOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let file = try EnvironmentsFile.read(migrations: state.folder())
        // The variables speak of what a command is for, and this one is for the environment that it names.
        guard let choice = try EnvironmentChoice.resolve(option: name, variables: [:], file: file) else { return }
        let schema = try state.schema()
        let connected = try await database.connect(on: console, environment: choice)
        let before = try await withSession(connected.address, logger: console.logger) { [force, name] session in
            try session.pin()
            return try session.transaction { session in
                let before = try MarkerState(of: session, in: schema)
                if let marked = before.environment, marked != name, !force {
                    throw EnvironmentsError(
                        .refused,
                        "the database \(session.database) is marked \(marked) already",
                        hint: "nothing was changed; if it is for \(name) from now on, add --force"
                    )
                }
                if before.environment != name { try Marker.write(name, &session, in: schema) }
                return before
            }
        }
        try tell(before, connected, on: console)
    }

    private func tell(_ before: MarkerState, _ connected: ConnectedDatabase, on console: Console) throws {
        let place = "\(connected.name) at \(connected.host)"
        let was: String? =
            switch before {
            case .unmarked: nil
            case .marked(let marker): marker.name
            case .copy(let marker): "a copy of \(marker.name)"
            }
        if console.settings.isJSON {
            return try console.result(
                .object([
                    "environment": .string(name), "database": .string(connected.name), "host": .string(connected.host),
                    "before": .optional(was),
                ])
            )
        }
        let then = before.environment == name ? " already" : was.map { ", and was \($0) before" } ?? ""
        console.note("\(Formatting.harmless(place)) is marked \(name)\(then)")
    }
}
