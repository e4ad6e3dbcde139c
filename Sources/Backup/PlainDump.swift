internal import Archive
internal import Citus
internal import Logging
internal import PostgresClient
internal import SQLText
internal import Storage

extension BackupRun {
    /// A plain dump for psql, from the same snapshot and with the same schema as an archive. One session reads the
    /// rows.
    func plainDump(to output: BackupOutput) async throws -> (Manifest, notes: [String]) {
        progress(.phase("taking the snapshot"))
        let gzip = options.format == .sqlGzip ? try GzipSink(output.sink, level: options.level) : nil
        let outcome = try await withSnapshot(fromNodes: false) { snapshot in
            progress(.phase("describing the schema"))
            let schema = try await SchemaDump(options, snapshot, logger).run()
            // Text that is not compressed may be larger than its rows on disk.
            output.expect(bytes: 2 * BackupPlan(snapshot, jobs: 1).bytes)
            let manifest = try await output.givenUpWithTask {
                try await write(schema, of: snapshot, to: gzip ?? output.sink)
            }
            return (manifest, snapshot.notes)
        }
        try gzip?.finish()
        return outcome
    }

    private func write(
        _ schema: DumpedSchema,
        of snapshot: ExportedSnapshot,
        to sink: any ByteSink
    ) async throws -> Manifest {
        try await withSession(snapshot.address, logger: logger) { session in
            try TableDump.join(snapshot, &session)
            var dump = PlainDump(snapshot, schema, options, sink: sink, progress: progress)
            let manifest = try dump.write(&session)
            try session.execute("COMMIT")
            return manifest
        }
    }
}

/// Writes the text: pre-data, large objects, rows, sequences, post-data.
struct PlainDump {
    private let snapshot: ExportedSnapshot
    private let schema: DumpedSchema
    private let options: BackupOptions
    private let sink: any ByteSink
    private let progress: @Sendable (BackupProgress) -> Void
    private let plan: BackupPlan
    private let settings: SettingsScript
    private var manifest: Manifest
    /// Bytes that are not in the sink yet.
    private var pending: [UInt8] = []
    /// The rows and bytes of the current table that were reported as progress.
    private var reported = (rows: 0, bytes: 0)
    /// The length at which `pending` is written.
    private static let slabBytes = 1 << 20

    init(
        _ snapshot: ExportedSnapshot,
        _ schema: DumpedSchema,
        _ options: BackupOptions,
        sink: any ByteSink,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) {
        self.snapshot = snapshot
        self.schema = schema
        self.options = options
        self.sink = sink
        self.progress = progress
        plan = BackupPlan(snapshot, jobs: 1)
        settings = SettingsScript(Manifest.Database(snapshot.database), withCustom: false)
        manifest = Manifest(snapshot, schema, options)
        manifest.tables = plan.tables
    }

    /// - Parameter session: In a transaction on the snapshot.
    /// - Returns: The manifest that an archive would have, without chunks.
    mutating func write(_ session: inout Session) throws -> Manifest {
        progress(.planned(tables: plan.tables.count { $0.kind == .ordinary }, bytes: plan.bytes))
        let distribution = snapshot.distribution.map { "\n" + DistributionStatements($0, session).script } ?? ""
        try put(header + schema.preData + distribution + "\n" + settings.forUserCode + "\n")
        try writeLargeObjects(&session)
        for index in plan.tables.indices where plan.tables[index].kind == .ordinary && !plan.tables[index].dataLeftOut {
            try writeRows(of: index, &session)
        }
        try writeSequences(session)
        try put(schema.postData)
        try put(closing)
        try flush()
        return manifest
    }

    private var header: String {
        let name = String(String.UnicodeScalarView(snapshot.database.name.unicodeScalars.filter { $0.value >= 32 }))
        return """
            -- A plain dump of the PostgreSQL database \(name), made by granary \(granaryVersion)
            -- at \(snapshot.time) from PostgreSQL \(snapshot.serverVersionText).
            -- Restore it with granary restore FILE, or into an empty database with
            -- psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname=DB --file=FILE.
            \(DumpMarks.announcement)


            """
    }

    /// The closing line, which shows a restore that the dump is complete.
    private var closing: String {
        let withRows = manifest.tables.filter { $0.kind == .ordinary && !$0.dataLeftOut }
        let rows = withRows.reduce(0) { $0 + $1.rows }
        return "\n\(DumpMarks.closing(tables: withRows.count, rows: rows))\n"
    }

    private mutating func put(_ text: String) throws {
        pending += snapshot.codec.bytes(text)
        if pending.count >= Self.slabBytes { try flush() }
    }

    private mutating func flush() throws {
        try pending.withUnsafeBytes { try sink.append($0) }
        pending.removeAll(keepingCapacity: true)
    }
}

// Tables and sequences.
extension PlainDump {
    private mutating func writeRows(of index: Int, _ session: inout Session) throws {
        let entry = snapshot.catalog.tables[index]
        let columns = plan.tables[index].columns
        progress(.started(table: entry.table.description))
        reported = (0, 0)
        let list = columns.isEmpty ? "" : " (\(session.quoted(columns.map(\.name))))"
        let settings = settings.forRows(of: plan.tables[index])
        try put(settings.before + "COPY \(session.quoted(entry.table))\(list) FROM stdin;\n")
        do {
            // In the session's encoding, which the dump declares.
            let statement = CopyStatement(entry, columns: columns, encoding: nil)
            try TableDump.locking(entry, snapshot, &session) { session in
                try session.copyOut(statement.text(session, blocks: nil, after: nil)) { rows in
                    while try rows.next({ take($0, of: index) }) {
                        guard pending.count >= Self.slabBytes else { continue }
                        try rows.checkCancellation()
                        try hand(on: index)
                    }
                }
            }
        } catch let error as PostgresError where TableDump.isTooLargeForText(error) {
            throw BackupError(
                .format,
                "table \(entry.table) has a row whose text is longer than 1 GB, the limit of a plain dump",
                hint: "back up as an archive: --format zip"
            )
        } catch let error as PostgresError {
            throw TableDump.explain(error, entry)
        }
        try put("\\.\n\(settings.after)\n")
        let table = manifest.tables[index]
        try hand(on: index)
        progress(.finished(table: entry.table.description, rows: table.rows, bytes: table.rawBytes))
    }

    private mutating func take(_ row: UnsafeRawBufferPointer, of index: Int) {
        pending.append(contentsOf: row)
        manifest.tables[index].rows += 1
        manifest.tables[index].rawBytes += row.count
    }

    /// Writes the pending bytes and reports progress.
    private mutating func hand(on index: Int) throws {
        let table = manifest.tables[index]
        let rows = table.rows - reported.rows
        let bytes = table.rawBytes - reported.bytes
        try flush()
        reported = (table.rows, table.rawBytes)
        progress(.advanced(table: "\(table.schema).\(table.name)", rows: rows, bytes: bytes, share: bytes))
    }

    private mutating func writeSequences(_ session: borrowing Session) throws {
        for sequence in snapshot.sequences {
            let name = session.literal(session.quoted(TableName(schema: sequence.schema, name: sequence.name)))
            try put("SELECT pg_catalog.setval(\(name), \(sequence.lastValue), \(sequence.isCalled));\n")
        }
        if !snapshot.sequences.isEmpty { try put("\n") }
    }
}

// Large objects.
extension PlainDump {
    /// Created and filled before they get their owners, after which the restoring role may be unable to write to them.
    private mutating func writeLargeObjects(_ session: inout Session) throws {
        guard let first = snapshot.largeObjects.first, let last = snapshot.largeObjects.last else { return }
        progress(.started(table: "large objects"))
        var objects = Manifest.LargeObjects(objects: snapshot.largeObjects)
        for object in snapshot.largeObjects { try put("SELECT pg_catalog.lo_create(\(object.oid));\n") }
        try session.copyOut(CopyStatement.largeObjects(from: first.oid, through: last.oid)) { pieces in
            while try pieces.next({ line in
                objects.rows += 1
                objects.rawBytes += line.count
                Self.putPiece(line, into: &pending)
            }) {
                guard pending.count >= Self.slabBytes else { continue }
                try pieces.checkCancellation()
                try flush()
            }
        }
        for object in snapshot.largeObjects {
            // The first statement creates it.
            try put(LargeObjectText.create(object, session).dropFirst().joined(separator: "\n") + "\n")
        }
        try put("\n")
        progress(.finished(table: "large objects", rows: objects.rows, bytes: objects.rawBytes))
        manifest.largeObjects = objects
    }

    /// Turns a line `oid TAB offset TAB \\x…` into a call of `lo_put`; nothing for an object without content.
    static func putPiece(_ line: UnsafeRawBufferPointer, into text: inout [UInt8]) {
        let fields = line.dropLast().split(separator: UInt8(ascii: "\t"))
        // COPY doubles the backslash of bytea's text form.
        let content = fields[2].dropFirst()
        guard content.count > 2 else { return }
        text += Array("SELECT pg_catalog.lo_put(".utf8)
        text.append(contentsOf: fields[0])
        text += Array(", ".utf8)
        text.append(contentsOf: fields[1])
        text += Array(", '".utf8)
        text.append(contentsOf: content)
        text += Array("');\n".utf8)
    }
}
