internal import Archive
internal import DumpArchives
internal import Logging
internal import PostgresClient
internal import Storage

/// The schema as pg_dump described it in the snapshot.
struct DumpedSchema: Sendable {
    var items: [Manifest.SchemaItem] = []
    /// The names of the secrets that were removed.
    var redacted: [String] = []
    /// The titles of objects that need an excluded object.
    var dependents: [String] = []
    /// The readable files.
    var preData = ""
    var postData = ""
}

/// Runs pg_dump for the schema and prepares the content of the manifest and the readable files.
struct SchemaDump: Sendable {
    let options: BackupOptions
    let snapshot: ExportedSnapshot
    let logger: Logger

    init(_ options: BackupOptions, _ snapshot: ExportedSnapshot, _ logger: Logger) {
        self.options = options
        self.snapshot = snapshot
        self.logger = logger
    }

    func run() async throws -> DumpedSchema {
        let program = try await PgDump.find(serverVersion: snapshot.serverVersion, folder: options.postgresBin)
        logger.debug("schema by \(program.path) of PostgreSQL \(program.major)")
        let toc = try DumpTOC(MemorySource(try await program.schema(snapshot, options)), name: "what pg_dump wrote")
        let described = toc.schemaItems().filter { $0.kind != "STATISTICS DATA" }
        var items = (snapshot.catalog.part?.items(described) ?? described).map(withConstraintIndex)
        var dependents: [String] = []
        if let exclusion = snapshot.catalog.exclusion { (items, dependents) = try exclusion.items(items) }
        let redacted = options.withSecrets ? [] : Redaction.redact(&items)
        let text = SchemaText(
            items,
            codec: snapshot.codec,
            encoding: snapshot.database.encoding,
            settings: SettingsScript(Manifest.Database(snapshot.database), withCustom: options.format == .zip)
        )
        return DumpedSchema(
            items: items,
            redacted: redacted,
            dependents: dependents,
            preData: try text.preData(),
            postData: try text.postData()
        )
    }

    private func withConstraintIndex(_ item: Manifest.SchemaItem) -> Manifest.SchemaItem {
        guard item.kind == "CONSTRAINT" else { return item }
        var item = item
        item.index = snapshot.constraintIndexes[item.objectOID]
        return item
    }
}
