internal import Archive
internal import PostgresClient

// What the backup tells about itself.
extension BackupRun {
    func report(_ manifest: Manifest, _ output: BackupOutput, seconds: Double) -> BackupReport {
        let objects = manifest.largeObjects
        let withRows = manifest.tables.filter { $0.kind == .ordinary }
        return BackupReport(
            file: output.path,
            fileKey: output.fileKey,
            database: manifest.database.name,
            bytes: output.bytes,
            rawBytes: withRows.reduce(objects?.rawBytes ?? 0) { $0 + $1.rawBytes },
            rows: manifest.countedRows,
            tables: manifest.countedTables.count,
            chunks: withRows.reduce(objects?.chunks.count ?? 0) { $0 + $1.chunks.count },
            seconds: seconds,
            snapshot: manifest.snapshot,
            serverVersion: manifest.server.version,
            environment: manifest.environment,
            notes: notes(manifest)
        )
    }

    private func notes(_ manifest: Manifest) -> [String] {
        let redacted = manifest.redacted.map {
            "left out of the archive: the secrets of \($0) (--with-secrets keeps them)"
        }
        let unlogged = manifest.tables.filter { $0.dataLeftOut && $0.isUnlogged }
            .map { "the rows of the unlogged table \($0.schema).\($0.name) cannot be read on a standby" }
        let isOfSchemas = manifest.scope.tables.isEmpty
        let ledger =
            isOfSchemas && manifest.ledger == nil
            ? [
                "the ledger of migrations is not included, because granary's own tables cannot be read; `granary doctor` shows why"
            ]
            : []
        let read = Set(manifest.sequences.map(\.oid))
        let sequences = manifest.schema.filter { $0.kind == "SEQUENCE" && !read.contains($0.objectOID) }
            .map { "the value of the unlogged sequence \($0.schema ?? "").\($0.name) cannot be read on a standby" }
        let dependents = manifest.scope.excluded?.dependents ?? []
        let excluded =
            dependents.isEmpty
            ? [] : ["left out, too, because they need what is excluded: \(dependents.listed(atMost: 20))"]
        return redacted + unlogged + sequences + ledger + excluded + partNotes(manifest)
    }

    /// Notes about tables of a part in other schemas, and about missing objects that it needs.
    private func partNotes(_ manifest: Manifest) -> [String] {
        guard !manifest.scope.isWholeDatabase else { return [] }
        let named = manifest.scope.tables.flatMap { text in
            manifest.tables.filter {
                !TableName.named(text, in: [$0]) { TableName(schema: $0.schema, name: $0.name) }.isEmpty
            }.map(\.schema)
        }
        let schemas = Set(exactly: manifest.scope.schemas + named)
        let elsewhere = manifest.tables.filter { !schemas.contains($0.schema) }.map {
            TableName(schema: $0.schema, name: $0.name).spelling
        }
        let children =
            elsewhere.isEmpty
            ? [] : ["partitions and inheritance children in other schemas are in the backup: \(elsewhere.listed())"]
        let needs = (manifest.needs ?? []).map(\.title)
        return children
            + (needs.isEmpty ? [] : ["the part needs objects that are not in the backup: \(needs.listed(atMost: 20))"])
    }
}
