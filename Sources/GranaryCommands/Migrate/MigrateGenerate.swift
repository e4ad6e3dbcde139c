package import ArgumentParser
package import Migrations
internal import Project

extension MigrationKind: ExpressibleByArgument {}

/// `granary migrate generate`.
package struct MigrateGenerate: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Begin a migration: the next free number, both files from templates, its entry and its page.",
        discussion: """
            The statements follow from the name, such as the table in add_email_to_users; unknown parts become \
            change_me. Templates in migrations/templates/TYPE.up.sql.mustache take precedence. Without --type both files \
            are blank.

            Example:
              granary migrate generate add_user_preferences --type table
              granary migrate generate add_email_to_users --type column
              granary migrate generate add_mail_preview --type table --env development

            \(variablesHelp)
            """
    )

    @Argument(help: "What it does, in lower-case letters, digits and _.") package var name: String
    @Option(
        name: .long,
        help: ArgumentHelp(
            "table, column, index, constraint, foreign_key, data, enum, function, view, schema for alterations, or blank.",
            valueName: "type"
        )
    )
    package var type = MigrationKind.blank
    @Option(name: .long, help: ArgumentHelp("The schema; else the first of the service.", valueName: "name"))
    package var schema: String?
    @Option(
        name: .long,
        help: ArgumentHelp("Write into the folder of this environment; else the base.", valueName: "name"),
        completion: .environment
    )
    package var env: String?
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions
    package var reportsDeeds: Bool { true }
    package init() {}

    package func run(on console: Console) async throws {
        let services = try service.services(variables: console.environment)
        let chosen = services.filter { service.service == nil || $0.service.name == service.service }
        guard chosen.count == 1, let (service, file) = chosen.first else {
            let names = services.map(\.service.name).joined(separator: ", ")
            throw CommandError(.usage, "the migration is of one service", hint: "add --service, with one of \(names)")
        }
        if let env, file.policy(env) == nil {
            throw CommandError(
                .usage,
                "\(env) is no environment",
                hint: "declared are \(file.names.joined(separator: ", "))"
            )
        }
        let outcome = try Generator(
            service: service,
            environments: file,
            name: name,
            kind: type,
            layer: env ?? "",
            schema: try schema ?? Self.schemaOfTables(service, file),
            now: Formatting.now().replacing(#/\.[0-9]+Z$/#, with: "Z")
        ).run()
        if console.settings.isJSON {
            return try console.result(
                .object([
                    "version": .integer(outcome.version), "name": .string(outcome.name),
                    "made": .strings(outcome.made), "edited": .strings(outcome.edited),
                    "placeholders": .bool(outcome.hasPlaceholders),
                ])
            )
        }
        for path in outcome.made { try console.result(line: "made \(path)") }
        for path in outcome.edited { try console.result(line: "edited \(path)") }
        if type == .blank { console.note("write the statements into both files, then run `granary validate`") }
        if outcome.hasPlaceholders { console.note("replace change_me, then run `granary validate`") }
    }

    /// The schema in which the migrations create their tables, such as `public`, if no file names the service's schemas
    /// and none has the service's name.
    private static func schemaOfTables(_ service: Service, _ file: EnvironmentsFile) throws -> String? {
        guard !service.declaresSchemas else { return nil }
        let created = try CreatedSchemas.read(service.folder, file)
        return created.contains(where: service.schemas.contains) ? nil : created.first
    }
}
