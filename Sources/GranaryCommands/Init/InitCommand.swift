package import ArgumentParser
internal import Bookkeeping
internal import Migrations
internal import PostgresClient
internal import Project

/// `granary init`.
package struct InitCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Create the folders and files of a project, or granary's own tables in a database.",
        discussion: """
            Existing files are left alone. With --grant the schema of granary's own tables is created in the \
            database, for roles that cannot create it themselves, and they may use it.

            Example:
              granary init
              granary init --grant app_migrator --database-url postgresql://owner@db/shop

            \(variablesHelp)
            """
    )

    @Option(
        name: .long,
        help: ArgumentHelp("Create the tables, and let this role use them; repeatable.", valueName: "role")
    )
    package var grant: [String] = []

    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { grant.isEmpty || speech.json }
    package init() {}

    package func run(on console: Console) async throws {
        guard grant.isEmpty else { return try await makeTables(on: console) }
        let name = try service.services(variables: console.environment)[0].service.name
        var made: [String] = []
        try WrittenFiles.makeFolder(service.migrations)
        try FolderLock.holding([service.migrations]) {
            for (path, text) in ProjectFiles.all(service: name, migrations: service.migrations)
            where try WrittenFiles.create(path, text) {
                made.append(path)
            }
        }
        if console.settings.isJSON { return try console.result(.object(["made": .strings(made)])) }
        for path in made { try console.result(line: path) }
        if made.isEmpty { console.note("all files exist already") }
    }

    private func makeTables(on console: Console) async throws {
        let connected = try await database.connect(on: console, migrations: service.migrations)
        let (schema, roles) = (service.state.schema, grant)
        try await withSession(connected.address, logger: console.logger) { try schema.grant(to: roles, &$0) }
        console.note("\(roles.joined(separator: ", ")) may use the schema \(schema.name) of \(connected.name)")
        if console.settings.isJSON {
            try console.result(.object(["schema": .string(schema.name), "roles": .strings(roles)]))
        }
    }
}
