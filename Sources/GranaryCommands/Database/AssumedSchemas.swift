internal import PostgresClient
internal import Project
internal import Storage

/// Schemas that no file names and that the database lacks. They were assumed from the names of services.
///
/// Commands that read take `public` instead. Those that destroy or fill tables need `"schemas"` in `environments.json`.
struct AssumedSchemas {
    let names: [String]
    /// Why they were assumed.
    let reason: String
    /// Where to list the schemas.
    private let file: String
    /// Whether `public` has tables that belong to no extension.
    let publicHasTables: Bool

    /// - Returns: nil if a file names the schemas, or one of them exists.
    static func missing(
        _ options: ServiceOptions,
        in database: ConnectedDatabase,
        on console: Console
    ) async throws -> AssumedSchemas? {
        let services = try options.services(variables: console.environment)
        let schemas = services.flatMap(\.service.schemas)
        guard !services.contains(where: \.service.declaresSchemas) else { return nil }
        let row = try await withSession(database.address, logger: console.logger) { session in
            try session.query(
                """
                SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::pg_catalog.text[])) AS there,
                    EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (
                            SELECT FROM pg_catalog.pg_depend d
                            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                                AND d.deptype = 'e')) AS tables
                """,
                [QuotedText.array(schemas)]
            )[0]
        }
        guard !row.bool("there") else { return nil }
        return AssumedSchemas(
            names: schemas,
            reason: reason(options, services, console.environment),
            file: services[0].file.path ?? Files.joined(services[0].service.folder, "environments.json"),
            publicHasTables: row.bool("tables")
        )
    }

    private static func reason(
        _ options: ServiceOptions,
        _ services: [(service: Service, file: EnvironmentsFile)],
        _ variables: [String: String]
    ) -> String {
        guard options.root == nil, services.count == 1, let (service, file) = services.first else {
            return "assumed from the names of the services"
        }
        let source =
            if options.service != nil {
                "--service"
            } else if variables["SERVICE_NAME"]?.isEmpty == false {
                "SERVICE_NAME"
            } else if file.service != nil {
                file.path ?? "environments.json"
            } else {
                "the name of the folder"
            }
        return "assumed because the service is called \(service.name) (\(source))"
    }

    /// `there is no schema shop, which was assumed because the service is called shop (--service)`
    var sentence: String { "there is no schema \(names.joined(separator: ", ")), which was \(reason)" }

    /// What to do for a command that does not take `public` instead.
    var hint: String {
        let example = publicHasTables ? "public" : "NAME"
        return "list its schemas in \(file), such as \"schemas\": [\"\(example)\"]"
    }

    /// For a command that destroys or fills tables.
    var error: CommandError { CommandError(.usage, sentence, hint: hint) }
}
