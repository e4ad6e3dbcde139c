internal import Archive
internal import Glibc
internal import PostgresClient

/// The work of a worker on a job, on one thread: COPY OUT → whole rows into a chunk → digest, deflate → append.
struct TableDump: ~Copyable {
    let snapshot: ExportedSnapshot
    let board: DumpBoard
    let writer: ArchiveWriter
    let progress: @Sendable (BackupProgress) -> Void
    private var chunk: ChunkBuilder
    /// Rows of the current COPY, to find the one at which it failed.
    private var received = 0

    init(
        _ snapshot: ExportedSnapshot,
        board: DumpBoard,
        writer: ArchiveWriter,
        compression: Compression,
        chunkBytes: Int,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) throws {
        self.snapshot = snapshot
        self.board = board
        self.writer = writer
        self.progress = progress
        chunk = ChunkBuilder(compression: compression, targetBytes: chunkBytes)
    }

    /// Joins the snapshot and takes the locks, in a transaction that stays open.
    ///
    /// - Parameter node: The node of the session, a position in `ClusterSnapshot.nodes`; 0 for the server itself.
    static func join(_ snapshot: ExportedSnapshot, node: Int = 0, _ session: inout Session) throws {
        try session.pin([("row_security", "off")])
        try session.refuseViews()
        try session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        let cluster = snapshot.cluster?.nodes[node]
        try session.execute("SET TRANSACTION SNAPSHOT \(session.literal(cluster?.snapshot ?? snapshot.name))")
        if node == 0, snapshot.locking == .everyTable {
            let tables = snapshot.catalog.tables
            for start in stride(from: 0, to: tables.count, by: 500) {
                try lock(tables[start..<min(start + 500, tables.count)], &session)
            }
        }
        if let cluster {
            try session.openShards()
            try session.showShards()
            if cluster.locking == .everyTable { try lockShards(cluster.tables, on: cluster.place, &session) }
        }
    }

    private static func lockShards(_ shards: [TableName], on place: String, _ session: inout Session) throws {
        for start in stride(from: 0, to: shards.count, by: 500) {
            let names = shards[start..<min(start + 500, shards.count)].map { "ONLY " + session.quoted($0) }
            do {
                try session.execute("LOCK TABLE \(names.joined(separator: ", ")) IN ACCESS SHARE MODE NOWAIT")
            } catch let error as PostgresError where error.isLockTrouble {
                throw BackupError(.busy, "shards on \(place) are locked by another session", hint: "try again")
            }
        }
    }

    /// It never waits. A worker that waits behind a queued ALTER TABLE would wait for the leader, which waits for the
    /// worker.
    private static func lock(_ tables: some Collection<TableEntry>, _ session: inout Session) throws {
        guard !tables.isEmpty else { return }
        let names = tables.map { "ONLY " + session.quoted($0.table) }.joined(separator: ", ")
        do {
            try session.execute("LOCK TABLE \(names) IN ACCESS SHARE MODE NOWAIT")
        } catch let error as PostgresError where error.sqlState == "55P03" {
            try session.execute("ROLLBACK")
            throw try LockReport.busy(tables.map(\.oid), waited: .zero, session)
        }
    }

    mutating func run(_ job: DumpJob, _ session: inout Session) throws {
        progress(.started(table: job.name))
        if job.mayHaveHugeRows {
            try board.oneAtATime { try read(job, &session) }
        } else {
            try read(job, &session)
        }
        if let table = board.finish(job) {
            progress(.finished(table: job.name, rows: table.rows, bytes: table.rawBytes))
        }
    }

    private mutating func read(_ job: DumpJob, _ session: inout Session) throws {
        switch job.subject {
        case .table(let index, let shards, let blocks):
            let entry = snapshot.catalog.tables[index]
            let folder = MemberName.folder(number: index + 1, table: entry.table.name)
            do {
                if shards.isEmpty {
                    try TableDump.locking(entry, snapshot, &session) { session in
                        try dump(entry, blocks, job, folder, &session)
                    }
                }
                for shard in shards {
                    try TableDump.locking(entry, shard: shard, onNode: job.node, snapshot, &session) { session in
                        try dump(entry, shard: shard, blocks, job, folder, &session)
                    }
                }
                try store(job, folder)
            } catch let error as PostgresError {
                throw TableDump.explain(error, entry)
            }
        case .largeObjects(let first, let last):
            try copyRows(
                of: job,
                CopyStatement.largeObjects(from: first, through: last),
                MemberName.largeObjects,
                &session
            )
            try store(job, MemberName.largeObjects)
        }
    }

    /// Runs `body` with the table locked. With `oneByOne` it releases the lock afterwards, so a session holds the locks
    /// of only one table. Rolling back a savepoint releases the locks and keeps the snapshot.
    static func locking<R>(
        _ entry: TableEntry,
        _ snapshot: ExportedSnapshot,
        _ session: inout Session,
        _ body: (inout Session) throws -> R
    ) throws -> R {
        guard snapshot.locking == .oneByOne else { return try body(&session) }
        return try lockingOne(entry.table, of: entry, &session, by: { try lock([entry], &$0) }, body)
    }

    /// The same for a shard of the table.
    ///
    /// - Parameter node: A position in `ClusterSnapshot.nodes`.
    static func locking<R>(
        _ entry: TableEntry,
        shard: TableName,
        onNode node: Int,
        _ snapshot: ExportedSnapshot,
        _ session: inout Session,
        _ body: (inout Session) throws -> R
    ) throws -> R {
        guard let node = snapshot.cluster?.nodes[node], node.locking == .oneByOne else { return try body(&session) }
        return try lockingOne(shard, of: entry, &session, by: { try lockShards([shard], on: node.place, &$0) }, body)
    }

    /// Checks after `lock` that the relation still has the file of the snapshot, because the leader does not hold it.
    private static func lockingOne<R>(
        _ relation: TableName,
        of entry: TableEntry,
        _ session: inout Session,
        by lock: (inout Session) throws -> Void,
        _ body: (inout Session) throws -> R
    ) throws -> R {
        try session.execute("SAVEPOINT granary_lock")
        try lock(&session)
        let files = try session.query(
            """
            SELECT c.relfilenode = coalesce(pg_catalog.pg_relation_filenode(c.oid), 0) AS same
            FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)
            """,
            [session.quoted(relation)]
        )
        guard files.first?.bool("same") == true else {
            throw BackupError(.changing, "table \(entry.table) was emptied or rewritten after the snapshot")
        }
        let result = try body(&session)
        try session.execute("ROLLBACK TO SAVEPOINT granary_lock")
        try session.execute("RELEASE SAVEPOINT granary_lock")
        return result
    }

    static func explain(_ error: PostgresError, _ entry: TableEntry) -> any Error {
        guard error.sqlState == "42501" else { return error.at("table \(entry.table)") }
        return BackupError(
            .rights,
            "table \(entry.table): \(error.message) (SQLSTATE 42501)",
            hint:
                "back up as the table's owner or as a role with BYPASSRLS; under FORCE ROW LEVEL SECURITY the owner needs BYPASSRLS too, or ALTER TABLE … NO FORCE ROW LEVEL SECURITY"
        )
    }
}

// Reading rows.
extension TableDump {
    /// Adds the rows of a table, or of a shard of it, to chunks. The last chunk is not stored yet.
    private mutating func dump(
        _ entry: TableEntry,
        shard: TableName? = nil,
        _ blocks: DumpJob.BlockRange?,
        _ job: DumpJob,
        _ folder: String,
        _ session: inout Session
    ) throws {
        let columns = snapshot.columns[entry.oid] ?? []
        let statement = CopyStatement(entry, shard: shard, columns: columns, encoding: encoding)
        // A query for a single row is one for the nodes, too, if the table is not on this one.
        let hasRows = entry.isHeap && (shard != nil || !snapshot.distributed.contains(entry.table))
        var start: String?
        while true {
            let sql = statement.text(session, blocks: blocks, after: start)
            try session.execute("SAVEPOINT granary_rows")
            received = 0
            do {
                try copyRows(of: job, sql, folder, &session)
                return try session.execute("RELEASE SAVEPOINT granary_rows")
            } catch let error as PostgresError where TableDump.isTooLargeForText(error) && hasRows {
                try session.execute("ROLLBACK TO SAVEPOINT granary_rows")
                // The same snapshot and no synchronized scan, so the failed row directly follows those that arrived.
                let position = statement.position(session, blocks: blocks, after: start, skipping: received)
                guard let tid = try session.query(position).first?["ctid"] else { throw error }
                try copyBinary(of: job, statement.binaryText(session, tid: tid), folder, &session)
                start = tid
            }
        }
    }

    /// Adds text rows to chunks, and stores the chunks that are full. Rows that arrived before an error are kept, because
    /// they are complete.
    private mutating func copyRows(
        of job: DumpJob,
        _ sql: String,
        _ folder: String,
        _ session: inout Session
    ) throws {
        do {
            try session.copyOut(sql) { rows in
                while try rows.next({ chunk.append($0) }) {
                    received += 1
                    guard chunk.isFull else { continue }
                    try rows.checkCancellation()
                    try store(job, folder)
                }
            }
        } catch let error as PostgresError where TableDump.isTooLargeForText(error) {
            try store(job, folder)
            throw error
        }
    }

    /// Writes one row in binary format, as a separate chunk.
    private mutating func copyBinary(
        of job: DumpJob,
        _ sql: String,
        _ folder: String,
        _ session: inout Session
    ) throws {
        try session.copyOut(sql) { pieces in
            while try pieces.next({ chunk.appendBinary($0) }) {}
        }
        try store(job, folder)
    }

    private mutating func store(_ job: DumpJob, _ folder: String) throws {
        guard !chunk.isEmpty else { return }
        let digest = chunk.finalDigest
        let stored = try writer.append(&chunk, folder: folder)
        board.add(stored, digest: digest, to: job.subject)
        progress(.advanced(table: job.name, rows: stored.rows, bytes: stored.rawBytes, share: stored.rawBytes))
    }

    private var encoding: String? { snapshot.database.encoding == "UTF8" ? nil : snapshot.database.encoding }

    /// A field of 1 GB and more cannot be converted to text. The server has two messages for this, depending on where
    /// it fails.
    static func isTooLargeForText(_ error: PostgresError) -> Bool {
        error.sqlState == "54000"
            || (error.sqlState == "XX000" && error.message.hasPrefix("invalid memory alloc request size"))
    }
}
