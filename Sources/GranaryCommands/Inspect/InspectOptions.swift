package import ArgumentParser
internal import Inspection
internal import PostgresClient
internal import Project

/// The part of the database to inspect.
package struct InspectOptions: ParsableArguments {
    @Flag(name: .long, help: "The whole database, not only the service's schemas.")
    package var all = false

    @Option(name: .long, help: ArgumentHelp("Only this schema; repeatable.", valueName: "schema"))
    package var schema: [String] = []

    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package mutating func validate() throws {
        if all, !schema.isEmpty { throw ValidationError("--all and --schema contradict each other") }
    }
}

/// An open database, and the part to inspect.
struct InspectSession {
    let connected: ConnectedDatabase
    let scope: InspectionScope
    let schemas: [String]

    /// Connects, and determines the schemas: the named ones, or those of the services.
    ///
    /// If no service was named and the database has no schema with the folder's name, the whole database is shown,
    /// because reading is harmless.
    static func open(_ options: InspectOptions, on console: Console) async throws -> InspectSession {
        let connected = try await options.database.connect(on: console, migrations: options.service.migrations)
        if options.all { return InspectSession(connected: connected, scope: .wholeDatabase, schemas: []) }
        if !options.schema.isEmpty {
            return InspectSession(connected: connected, scope: .schemas(options.schema), schemas: options.schema)
        }
        let services = try options.service.services(variables: console.environment)
        let schemas = services.flatMap(\.service.schemas)
        let isNamed =
            options.service.service != nil || options.service.root != nil
            || !(console.environment["SERVICE_NAME"] ?? "").isEmpty
            || services.contains { $0.file.service != nil || $0.file.schemas != nil }
        let found = try await withSession(connected.address, logger: console.logger) { session in
            try session.query(
                "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::pg_catalog.text[])",
                [QuotedText.array(schemas)]
            ).count
        }
        if found == 0, !isNamed {
            console.note("there is no schema \(schemas.joined(separator: ", ")): all schemas were counted")
            return InspectSession(connected: connected, scope: .wholeDatabase, schemas: [])
        }
        return InspectSession(connected: connected, scope: .schemas(schemas), schemas: schemas)
    }

    /// The message if there is nothing to show.
    var nothingFound: String {
        schemas.isEmpty
            ? "there are no tables in \(connected.name)"
            : "there are no tables in the schema \(schemas.joined(separator: ", ")); --all shows the whole database"
    }
}
