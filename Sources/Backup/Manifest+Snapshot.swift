internal import AgeEncryption
internal import Archive
internal import PostgresClient

extension Manifest {
    /// The manifest as far as it is known before the first row is read: without tables, roles and members.
    init(_ snapshot: ExportedSnapshot, _ schema: DumpedSchema, _ options: BackupOptions) {
        self.init(
            granary: granaryVersion,
            createdAt: snapshot.time,
            environment: snapshot.environment ?? options.environment,
            database: Manifest.Database(snapshot.database),
            server: Manifest.Server(
                version: snapshot.serverVersionText,
                versionNumber: snapshot.serverVersion,
                systemIdentifier: snapshot.systemIdentifier
            ),
            snapshot: snapshot.name,
            walPosition: snapshot.walPosition,
            scope: Manifest.Scope(snapshot.catalog, schema)
        )
        if let name = options.databaseName { database.name = name }
        undoFor = options.undoFor
        isConverted = options.isConverted ? true : nil
        recipients = options.audience?.recipients.map(\.text)
        schemaVersions = snapshot.schemaVersions
        ledger = snapshot.ledger
        extensions = snapshot.extensions
        needs = snapshot.needs.flatMap { $0.isEmpty ? nil : $0 }
        distributed =
            snapshot.distributed.isEmpty
            ? nil : snapshot.distributed.map { Manifest.Relation(schema: $0.schema, name: $0.name) }
        distribution = snapshot.distribution
        let gone = Set(exactly: scope.excluded?.schemas ?? [])
        schemas = scope.schemas.isEmpty ? snapshot.schemas.filter { !gone.contains($0) } : scope.schemas
        self.schema = schema.items
        redacted = schema.redacted
        sequences = snapshot.sequences
    }
}

extension Manifest.Scope {
    fileprivate init(_ catalog: BackupCatalog, _ schema: DumpedSchema) {
        self.init(schemas: catalog.scope.schemas, tables: catalog.scope.tables)
        requested = catalog.requested
        guard let exclusion = catalog.exclusion else { return }
        excluded = Excluded(
            schemas: exclusion.schemas,
            tables: exclusion.tables.map(\.spelling),
            dependents: schema.dependents
        )
    }
}
