package import ArgumentParser
internal import Bookkeeping
internal import Environments
internal import PostgresClient

/// `granary env`.
package struct EnvCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Tell which environment is meant and which the database says it is, or mark it.",
        discussion: """
            Example:
              granary env
              granary env mark staging
            """,
        subcommands: [EnvShow.self, EnvMark.self],
        defaultSubcommand: EnvShow.self
    )

    package init() {}
}

/// `granary env`, without a subcommand.
package struct EnvShow: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Tell which environment is meant, by whom, and how the database is marked.",
        discussion: """
            Example:
              granary env show --json

            \(variablesHelp)
            """
    )

    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        guard try !database.isMissing(on: console, migrations: service.migrations) else {
            return try tellOffline(on: console)
        }
        let connected = try await database.connect(on: console, migrations: service.migrations)
        let found = try await Gate(database: connected, schema: service.state.schema, console: console).situation()
        let marker =
            switch found.marker {
            case .unmarked: "not marked"
            case .marked(let name): "marked \(name)"
            case .copy(let name): "a copy of \(name), not marked itself"
            }
        if console.settings.isJSON {
            return try console.result(
                .object([
                    "environment": .optional(found.choice?.name),
                    "source": .optional(found.choice.map { "\($0.source)" }),
                    "production": Self.isProduction(found.choice, connected.environments),
                    "services": try services(on: console),
                    "database": .string(connected.name), "host": .string(connected.host),
                    "marker": .optional(found.marker.name), "state": .string(marker),
                    "environments": .strings(connected.environments.names),
                ])
            )
        }
        try tell(
            found.choice,
            "\(connected.name) at \(connected.host): \(marker)",
            connected.environments,
            on: console
        )
    }

    /// What files and variables say, where no database was given.
    private func tellOffline(on console: Console) throws {
        let file = try EnvironmentsFile.read(migrations: service.migrations)
        let choice = try EnvironmentChoice.resolve(
            option: database.env,
            variables: console.environment,
            marker: nil,
            file: file
        )
        let state = "no database given"
        guard console.settings.isJSON else { return try tell(choice, state, file, on: console) }
        try console.result(
            .object([
                "environment": .optional(choice?.name), "source": .optional(choice.map { "\($0.source)" }),
                "production": Self.isProduction(choice, file), "services": try services(on: console), "database": .null,
                "host": .null, "marker": .null,
                "state": .string(state), "environments": .strings(file.names),
            ])
        )
    }

    private func tell(
        _ choice: EnvironmentChoice?,
        _ database: String,
        _ file: EnvironmentsFile,
        on console: Console
    ) throws {
        let production = choice.map { file.rules(of: $0.name).isProduction } == true ? ", production" : ""
        try console.result(
            line: "environment  \(choice.map { "\($0.name) (\($0.source))" } ?? "none was named")\(production)"
        )
        for (service, _) in try service.services(variables: console.environment) {
            try console.result(line: "service      \(service.name), schema \(service.schemas.joined(separator: ", "))")
        }
        try console.result(line: "database     \(database)")
        try console.result(line: "declared     \(file.names.joined(separator: ", "))")
    }

    /// null if no environment was named.
    private static func isProduction(_ choice: EnvironmentChoice?, _ file: EnvironmentsFile) -> JSONDocument {
        choice.map { .bool(file.rules(of: $0.name).isProduction) } ?? .null
    }

    private func services(on console: Console) throws -> JSONDocument {
        .array(
            try service.services(variables: console.environment).map { service, _ in
                .object([
                    "service": .string(service.name), "schemas": .strings(service.schemas),
                    "migrations": .string(service.folder),
                ])
            }
        )
    }
}

/// `granary env mark`.
package struct EnvMark: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "mark",
        abstract: "Mark the database as an environment, so that commands for another one leave it alone.",
        discussion: """
            Example:
              granary env mark production

            \(variablesHelp)
            """
    )

    @Argument(help: "A declared environment.", completion: .environment) package var name: String

    @Flag(name: .long, help: "Also where the database is marked otherwise, or the marker's table is damaged.") package
        var force = false
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { speech.json }
    package init() {}

    package func run(on console: Console) async throws {
        let connected = try await database.connect(on: console, migrations: service.migrations)
        guard connected.environments.policy(name) != nil else {
            throw EnvironmentsError(
                .usage,
                "the environment \(name) is not declared",
                hint: "declared are \(connected.environments.names.joined(separator: ", "))"
            )
        }
        guard !connected.isLocal || !connected.environments.rules(of: name).refusesLocalServer else {
            throw EnvironmentsError(
                .refused,
                "the local server is not used for \(name)",
                hint: "give --database-url, or set DATABASE_URL"
            )
        }
        let marker = Marker(service.state.schema)
        let force = force
        let before = try await withSession(connected.address, logger: console.logger) { session in
            force ? nil : try marker.read(session).name
        }
        if let before, before != name {
            throw EnvironmentsError(
                .refused,
                "the database \(connected.name) is marked \(before)",
                hint: "if it has become \(name), add --force"
            )
        }
        let name = name
        try await withSession(connected.address, logger: console.logger) {
            try marker.write(name, remakingTable: force, &$0)
        }
        console.note("marked \(connected.name) as \(name)")
        if console.settings.isJSON {
            try console.result(.object(["database": .string(connected.name), "environment": .string(name)]))
        }
    }
}
