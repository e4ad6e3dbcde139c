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
            Existing files are left alone, so --schema is refused beside an environments.json. The schemas are those \
            in which the migrations create tables; without migrations they are asked for on a terminal. With --grant \
            the schema of granary's own tables is created in the database, for roles that cannot create it \
            themselves, and they may use it.

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

    @Option(name: .long, help: ArgumentHelp("A schema of the service; repeatable.", valueName: "name"))
    package var schema: [String] = []

    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { grant.isEmpty || speech.json }
    package init() {}

    package mutating func validate() throws {
        if !grant.isEmpty, !schema.isEmpty { throw ValidationError("--grant and --schema contradict each other") }
    }

    package func run(on console: Console) async throws {
        guard grant.isEmpty else { return try await makeTables(on: console) }
        let (service, file) = try self.service.services(variables: console.environment)[0]
        if let path = file.path, !schema.isEmpty, file.schemas != schema {
            let list = schema.map { JSONDocument.string($0).text }.joined(separator: ", ")
            throw CommandError(
                .usage,
                "\(path) exists already, so --schema cannot write into it; nothing was done",
                hint: "list the schemas there: \"schemas\": [\(list)]"
            )
        }
        try WrittenFiles.makeFolder(service.folder)
        let hadMigrations = try !Migration.all(in: service.folder, file).isEmpty
        let schemas = try await schemas(service, file, on: console)
        var made: [String] = []
        try FolderLock.holding([service.folder]) {
            for (path, text) in ProjectFiles.all(service: service.name, schemas: schemas, migrations: service.folder)
            where try WrittenFiles.create(path, text) {
                made.append(path)
            }
        }
        if console.settings.isJSON { return try console.result(.object(["made": .strings(made)])) }
        for line in Self.lines(made) { try console.result(line: line) }
        if made.isEmpty { console.note("all files exist already") }
        console.note("next:")
        for line in try next(hadMigrations: hadMigrations, on: console) { console.note("  \(line)") }
    }

    /// One line for each folder.
    private static func lines(_ made: [String]) -> [String] {
        var folders: [(name: String, files: [String])] = []
        for path in made {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            let folder = parts.dropLast().joined(separator: "/")
            if let place = folders.firstIndex(where: { $0.name == folder }) {
                folders[place].files.append(String(parts.last ?? ""))
            } else {
                folders.append((folder, [String(parts.last ?? "")]))
            }
        }
        return folders.map { folder, files in
            let names = files.count > 3 ? counted(files.count, "file") : files.joined(separator: ", ")
            return folder.isEmpty ? names : "\(folder)/  \(names)"
        }
    }

    /// The next commands, for a shell.
    private func next(hadMigrations: Bool, on console: Console) throws -> [String] {
        let place = service.migrations == "migrations" ? [] : ["--migrations", service.migrations]
        let outlook = try database.outlook(on: console, migrations: service.migrations)
        let begin: [String]
        if outlook.isMissing {
            begin = ["granary server start"]
        } else if outlook.isLocal {
            begin = []
        } else {
            // The database may be anyone's, so no environment is assumed.
            let mark = ["granary", "env", "mark", outlook.choice?.name ?? "NAME"] + place
            let names = outlook.choice == nil ? "  # \(outlook.declared.joined(separator: ", "))" : ""
            begin = [QuotedText.shellLine(mark) + names]
        }
        let generate = ["granary", "migrate", "generate", "add_customers", "--type", "table"] + place
        let lines: [[String]] =
            hadMigrations
            ? [["granary", "migrate", "status"] + place, ["granary", "migrate", "plan"] + place]
            : [generate, ["granary", "migrate", "up"] + place]
        return begin + lines.map(QuotedText.shellLine)
    }

    /// Empty if they follow from the service's name.
    private func schemas(_ service: Service, _ file: EnvironmentsFile, on console: Console) async throws -> [String] {
        guard schema.isEmpty else { return schema }
        let created = try CreatedSchemas.read(service.folder, file)
        guard created.isEmpty, file.path == nil, Question.canBeAsked(console), !console.settings.isJSON else {
            return created
        }
        let usual = Service.usualSchema(of: service.name)
        console.screen.ask("schema of the tables, such as public [\(Formatting.harmless(usual))]: ")
        let answer = try await Question.answer(console)
        return [answer.isEmpty ? usual : answer]
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
