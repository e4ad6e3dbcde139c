internal import Archive
internal import DumpArchives
internal import PostgresClient

/// The archive that a restore reads: one of granary, or one of pg_dump described by a manifest.
struct RestoreArchive: Sendable {
    fileprivate enum Source: Sendable {
        case ours(ArchiveReader)
        case dump(DumpArchive, DumpedManifest)
    }

    fileprivate let source: Source
    let manifest: Manifest

    init(_ archive: ArchiveReader) {
        source = .ours(archive)
        manifest = archive.manifest
    }

    /// - Throws: `ArchiveError` for statements in the table of contents that are not understood.
    init(_ dump: DumpArchive) throws {
        let dumped = try DumpedManifest(dump)
        source = .dump(dump, dumped)
        manifest = dumped.manifest
    }

    /// Whether it is an archive of granary, which can have a seal.
    var isOurs: Bool { if case .ours = source { true } else { false } }

    /// The archive, if another program has packed it again.
    var repacked: ArchiveReader? {
        guard case .ours(let archive) = source, archive.isRepacked else { return nil }
        return archive
    }

    func isSealed(by keys: [SealKey]) throws -> Bool {
        guard case .ours(let archive) = source else { return false }
        return try archive.isSealed(by: keys)
    }

    /// nil for an archive of pg_dump, which cannot have a seal.
    func sealState(_ keys: [SealKey]) throws -> SealState? {
        guard case .ours(let archive) = source else { return nil }
        return try archive.sealState(keys)
    }

    /// Whether it records how many rows each table has; otherwise they are counted while they are read.
    var tellsRows: Bool { isOurs }

    /// The encoding of the rows. In a dump it may differ from that of the database.
    var encoding: String {
        switch source {
        case .ours(let archive): archive.manifest.database.encoding
        case .dump(let dump, _): dump.toc.encoding
        }
    }

    /// Whether it contains no object (`pg_dump --data-only`).
    var holdsRowsAlone: Bool { !isOurs && manifest.schema.allSatisfy(\.isAboutTheDatabase) && !manifest.tables.isEmpty }

    /// Sentences for people, before the restore.
    var notes: [String] {
        switch source {
        case .dump(_, let dumped): dumped.notes
        case .ours(let archive) where archive.isRepacked:
            [
                "another program has packed the archive again: the restore first reads all of it and compares it with its manifest"
            ]
        case .ours: []
        }
    }

    /// The table that COPY fills. For a partition that was dumped with `--load-via-partition-root` it is the root.
    func destination(of table: Manifest.Table) -> TableName {
        guard case .dump(_, let dumped) = source else { return table.tableName }
        return dumped.roots[table.number] ?? table.tableName
    }

    /// Whether the table gets only its own rows. INSERT statements name their table, which may be a root that sends
    /// rows to any of its partitions (`--inserts --load-via-partition-root`).
    func hasItsOwnRows(_ table: Manifest.Table) -> Bool {
        table.extensionName == nil && !hasStatements(table) && destination(of: table) == table.tableName
    }

    /// The rows of a table in a dump, for several workers; nil for rows that cannot be shared.
    func sharedRows(of table: Manifest.Table, among workers: Int) -> SharedRows? {
        guard case .dump(let dump, let dumped) = source, let chunk = table.chunks.first,
            let entry = dumped.entries[chunk.member], !entry.copyStatement.isEmpty
        else { return nil }
        return SharedRows(dump, entry, workers: workers)
    }

    /// The text of rows that are INSERT statements, read piece by piece; nil for rows of COPY.
    func statements(of chunk: Manifest.Chunk) throws -> ((UnsafeMutableRawBufferPointer) throws -> Int)? {
        guard case .dump(let dump, let dumped) = source, let entry = dumped.entries[chunk.member],
            entry.copyStatement.isEmpty, !entry.isLargeObjects
        else { return nil }
        return try dump.text(of: entry)
    }

    /// Whether the rows of a table are INSERT statements.
    func hasStatements(_ table: Manifest.Table) -> Bool {
        guard case .dump(_, let dumped) = source else { return false }
        return table.chunks.contains { dumped.entries[$0.member]?.copyStatement.isEmpty == true }
    }

    /// The large objects of an entry of a dump; nil for a chunk of granary's.
    func largeObjects(of chunk: Manifest.Chunk) throws -> DumpLargeObjects? {
        guard case .dump(let dump, let dumped) = source else { return nil }
        return try dump.largeObjects(of: try dumped.entry(chunk))
    }
}

/// Reads the rows of an archive, one chunk after the other.
struct RowReader: ~Copyable {
    private var chunks = ChunkReader()

    /// Passes the rows of `chunk` to `body`, in slabs.
    ///
    /// - Returns: The number of rows.
    /// - Throws: `ArchiveError`, `StorageError`, possibly after bytes were passed; errors of `body`.
    mutating func read(
        _ chunk: Manifest.Chunk,
        of archive: RestoreArchive,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        switch archive.source {
        case .ours(let archive):
            try chunks.read(chunk, of: archive, body)
            return chunk.rows
        case .dump(let dump, let dumped):
            var rows = try dump.rows(of: try dumped.entry(chunk))
            while try rows.next(body) {}
            return rows.rows
        }
    }
}

extension DumpedManifest {
    /// The dump's entry with the rows of a chunk.
    fileprivate func entry(_ chunk: Manifest.Chunk) throws -> DumpTOC.Entry {
        guard let entry = entries[chunk.member] else {
            throw ArchiveError(.damaged, at: FilePlace(chunk.member), "it is missing")
        }
        return entry
    }
}
