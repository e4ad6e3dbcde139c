internal import Archive
internal import Logging
internal import PostgresClient

/// The schema, as pg_dump described it on the snapshot.
struct DumpedSchema: Sendable {
    var items: [Manifest.SchemaItem] = []
    var redacted: [String] = []
    /// The readable files.
    var preData = ""
    var postData = ""
}

struct SchemaDump: Sendable {
    let options: BackupOptions
    let snapshot: Snapshot
    let logger: Logger

    init(_ options: BackupOptions, _ snapshot: Snapshot, _ logger: Logger) {
        self.options = options
        self.snapshot = snapshot
        self.logger = logger
    }

    func run() async throws -> DumpedSchema { DumpedSchema() }
}
