package import ArgumentParser
internal import Bookkeeping
internal import PostgresClient
internal import Project

/// `granary env`.
package struct EnvCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Show the environment and the database's marker, or set the marker.",
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
        abstract: "Show the environment, its source, and the database's marker.",
        discussion: """
            Example:
              granary env show --json

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let situation = try await situation(on: console)
        try console.result(Situation.result.document(situation), else: situation.lines)
    }

    /// The state of the database; without one, the state according to files and variables.
    private func situation(on console: Console) async throws -> Situation {
        guard try !database.isMissing(on: console, migrations: service.migrations) else {
            let file = try EnvironmentsFile.read(migrations: service.migrations)
            let choice = try EnvironmentChoice.resolve(
                option: database.env,
                from: OptionVariables.used["env"],
                variables: console.environment,
                marker: nil,
                file: file
            )
            return Situation(choice: choice, file: file, services: try services(on: console))
        }
        let connected = try await database.connect(on: console, migrations: service.migrations)
        let found = try await Gate(database: connected, schema: service.state.schema, console: console).situation()
        let state =
            switch found.marker {
            case .unmarked: "not marked"
            case .marked(let name): "marked \(name)"
            case .copy(let name): "an unmarked copy of \(name)"
            }
        return Situation(
            choice: found.choice,
            file: connected.environments.with(found.policy, of: found.marker.name ?? ""),
            services: try services(on: console),
            database: connected,
            marker: found.marker.name,
            state: state
        )
    }

    private func services(on console: Console) throws -> [Service] {
        try service.services(variables: console.environment).map(\.service)
    }

    /// The chosen environment, and the state of the database.
    struct Situation {
        var choice: EnvironmentChoice?
        var file: EnvironmentsFile
        var services: [Service]
        /// nil if no database was given.
        var database: ConnectedDatabase?
        var marker: String?
        var state = "no database given"

        /// nil if no environment was chosen.
        private var rules: EnvironmentPolicy? { choice.map { file.rules(of: $0.name) } }
        private var isProduction: Bool? { rules?.isProduction }

        static let result = ResultDescription<Situation>([
            .init("environment", \.choice?.name), .init("source") { $0.choice.map { "\($0.source)" } },
            .init("production", \.isProduction), .init("encrypted", \.rules?.requiresEncryption),
            // An older granary may have stored an identity here.
            .init("recipients", { ($0.rules?.recipients ?? []).map(SecretKeyText.masked) }),
            .init("services", each: service, \.services),
            .init("database", \.database?.name), .init("host", \.database?.host), .init("marker", \.marker),
            .init("state", \.state), .init("environments", \.file.names),
        ])

        private static let service = ResultDescription<Service>([
            .init("service", \.name), .init("schemas", \.schemas), .init("migrations", \.folder),
        ])

        var lines: [String] {
            let name = choice.map { "\($0.name) (\($0.source))" } ?? "none was named"
            let place = database.map { "\($0.name) at \($0.host): " } ?? ""
            return ["environment  \(name)\(isProduction == true ? ", production" : "")"]
                + services.map { "service      \($0.name), schema \($0.schemas.joined(separator: ", "))" }
                + ["database     \(place)\(state)", "declared     \(file.names.joined(separator: ", "))"]
        }
    }
}

/// `granary env mark`.
package struct EnvMark: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "mark",
        abstract: "Mark the database as an environment, so that commands for others refuse to write to it.",
        discussion: """
            Example:
              granary env mark production

            \(variablesHelp)
            """
    )

    @Argument(help: "A declared environment.", completion: .environment) package var name: String

    @Flag(name: .long, help: "Even if the database has another marker, or the marker's table is damaged.") package
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
        try connected.environments.requireRulesInPlace([.production, .encrypted, .recipients], of: name)
        let (schema, force) = (service.state.schema, force)
        let (before, stored) = try await withSession(connected.address, logger: console.logger) { session in
            let marker = Marker(try schema.examined(session, [.environment]))
            return (
                // With --force the marker may be unreadable.
                before: force ? try? marker.read(session) : try marker.read(session),
                stored: try marker.policy(session)
            )
        }
        if !force, let before = before?.name, before != name {
            throw EnvironmentsError(
                .refused,
                "the database \(connected.name) is marked \(before)",
                hint: "if it is now \(name), add --force"
            )
        }
        let name = name
        let declared = connected.environments.stored(for: name)
        // Only a file that declares the environment replaces stored rules: without it, the marker may be all that says
        // them.
        let isDeclared = connected.environments.policy(name)?.line != nil
        let policy = isDeclared ? declared : declared.stricter(with: stored, of: before?.origin ?? name, for: name)
        try await withSession(connected.address, logger: console.logger) {
            try Marker(schema).write(name, policy: policy, remakingTable: force, &$0)
        }
        console.note("marked \(connected.name) as \(name)")
        if policy != declared {
            console.note(
                "the rules that the database had stored still hold; they are replaced if environments.json declares \(name)"
            )
        }
        if console.settings.isJSON {
            try console.result(.object(["database": .string(connected.name), "environment": .string(name)]))
        }
    }
}
