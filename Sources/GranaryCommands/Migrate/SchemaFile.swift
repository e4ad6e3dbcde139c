internal import Backup
internal import Migrations
internal import PostgresClient
internal import Project

/// The schema as SQL, to be committed with the migrations. Equal schemas have equal bytes.
struct SchemaFile {
    let path: String
    let session: MigrationSession
    let services: ServiceOptions

    func write() async throws {
        // As `granary schema` does. pg_dump would find nothing in a schema that was only assumed.
        let assumed = try await AssumedSchemas.missing(services, in: session.connected, on: session.console)
        let schemas = assumed == nil ? session.options.services.flatMap(\.service.schemas) : ["public"]
        if let assumed { session.console.note("\(assumed.sentence): public is written instead; \(assumed.hint)") }
        let text = try await SchemaOnlyDump(
            server: session.connected.address,
            schemas: schemas,
            postgresBin: session.postgresBin,
            logger: session.console.logger
        ).text()
        try WrittenFiles.write(text, to: path)
        session.console.note("wrote the schema to \(path)")
    }
}
