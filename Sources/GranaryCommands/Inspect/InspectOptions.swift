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
    /// The schema of granary's own tables; nil if it was asked for.
    let hidden: String?

    /// - Parameter schemas: nil is the whole database.
    private init(_ connected: ConnectedDatabase, _ schemas: [String]?, _ options: InspectOptions, _ named: TableChoice)
    {
        self.connected = connected
        self.schemas = schemas ?? []
        scope = schemas.map { .schemas($0) } ?? .wholeDatabase
        let state = options.service.state.stateSchema
        hidden = options.schema.contains(state) || named.hasSchemas ? nil : state
    }

    /// The tables that a person chose, without granary's own.
    func chosen<Table>(_ choice: TableChoice, from all: [Table], by name: (Table) -> TableName) -> [Table] {
        choice.chosen(from: all.filter { name($0).schema != hidden }, by: name)
    }

    /// Connects, and determines the schemas: the named ones, or those of the services.
    ///
    /// If the schema of a service was assumed and does not exist, `public` is shown, or the whole database if no service
    /// was named, because reading is harmless.
    /// - Parameter named: Tables that were named. A name with a schema may be of any schema.
    static func open(
        _ options: InspectOptions,
        named: TableChoice = TableChoice(texts: []),
        on console: Console
    ) async throws -> InspectSession {
        let connected = try await options.database.connect(on: console, migrations: options.service.migrations)
        if options.all || options.schema.isEmpty && named.hasSchemas {
            return InspectSession(connected, nil, options, named)
        }
        if !options.schema.isEmpty {
            return InspectSession(connected, options.schema, options, named)
        }
        let services = try options.service.services(variables: console.environment)
        let schemas = services.flatMap(\.service.schemas)
        let isNamed =
            options.service.service != nil || options.service.root != nil
            || !(console.environment["SERVICE_NAME"] ?? "").isEmpty
            || services.contains { $0.file.service != nil || $0.file.schemas != nil }
        guard let assumed = try await AssumedSchemas.missing(options.service, in: connected, on: console) else {
            return InspectSession(connected, schemas, options, named)
        }
        guard isNamed else {
            console.note("\(assumed.sentence): all schemas are shown instead")
            return InspectSession(connected, nil, options, named)
        }
        console.note("\(assumed.sentence): public is shown instead; \(assumed.hint)")
        return InspectSession(connected, ["public"], options, named)
    }

    /// The message if there is nothing to show.
    var nothingFound: String {
        schemas.isEmpty
            ? "there are no tables in \(connected.name)"
            : "there are no tables in the schema \(schemas.joined(separator: ", ")); --all shows the whole database"
    }
}
