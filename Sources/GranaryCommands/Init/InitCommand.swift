package import ArgumentParser
internal import Environments
internal import PostgresClient

/// `granary init`.
package struct InitCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write the folders and files of a service, and make granary's tables for other roles.",
        discussion: """
            Writes migrations/, seeds/, backups/, environments.json, dependencies.json and granary.mk, to be included \
            by a Makefile. What is there stays as it is.

            With --grant it makes granary's own tables in the database, for services whose role may create nothing, and \
            lets the role use them.

            Examples:
              granary init
              granary init --grant shop_app --database-url postgresql://owner@db/shop

            \(variablesHelp)
            """
    )

    @Option(
        name: .long,
        help: ArgumentHelp("Make granary's tables, and let this role use them; repeatable.", valueName: "role")
    )
    package var grant: [String] = []

    @Option(name: .long, help: ArgumentHelp("The folder of seeds.", valueName: "folder"), completion: .directory)
    package var seeds = "seeds"

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @Option(name: .long, help: ArgumentHelp("The service's name; else the folder's.", valueName: "name"))
    package var service: String?

    @OptionGroup(title: "Where it is written") package var state: StateOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let schema = try state.schema()
        var files = InitFiles(migrations: state.path, seeds: seeds, backups: backups)
        files.service = try serviceName(console)
        let written = try files.write()
        for path in written { console.note("wrote \(path)") }
        if written.isEmpty { console.note("all files are there already") }
        if !grant.isEmpty { try await makeTables(schema, on: console) }
        if console.settings.isJSON {
            try console.result(.object(["written": .strings(written), "granted": .strings(grant)]))
        }
    }

    /// The folder's name goes into the file where it is one, so that moving the folder later changes nothing.
    private func serviceName(_ console: Console) throws -> String? {
        do {
            return try Service.resolve(
                option: service,
                variables: console.environment,
                file: .usual,
                migrations: state.path
            ).name
        } catch let error as EnvironmentsError {
            if service != nil { throw error }
            return nil
        }
    }

    private func makeTables(_ schema: StateSchema, on console: Console) async throws {
        let connected = try await database.connect(on: console, environment: nil)
        let roles = grant
        try await withSession(connected.address, logger: console.logger) { session in
            try session.pin()
            try session.transaction { session in
                try schema.ensure(&session)
                try schema.grant(to: roles, &session)
            }
        }
        let names = grant.joined(separator: ", ")
        console.note("the schema \(schema.name) of \(connected.name) is there, and \(names) may use it")
    }
}
