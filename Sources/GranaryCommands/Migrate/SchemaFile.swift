internal import Backup
internal import Migrations
internal import PostgresClient
internal import Project

/// The schema as SQL, to be committed with the migrations. Equal schemas have equal bytes.
struct SchemaFile {
    let path: String
    let session: MigrationSession

    func write() async throws {
        let schemas = session.options.services.flatMap(\.service.schemas)
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
