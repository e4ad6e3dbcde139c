internal import Archive
internal import DumpArchives
internal import PostgresClient

/// The archive that a restore reads: one of ours, or pg_dump's in terms of ours.
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

    /// - Throws: `ArchiveError` for statements of the table of contents that are not understood.
    init(_ dump: DumpArchive) throws {
        let dumped = try DumpedManifest(dump)
        source = .dump(dump, dumped)
        manifest = dumped.manifest
    }

    /// Whether it can have a seal of ours.
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

    /// Whether it says how many rows each table has; else they are counted while they are read.
    var tellsRows: Bool { isOurs }

    /// The encoding of the rows, which of a dump may be another than that of the database.
    var encoding: String {
        switch source {
        case .ours(let archive): archive.manifest.database.encoding
        case .dump(let dump, _): dump.toc.encoding
        }
    }

    /// A dump without any object (`pg_dump --data-only`).
    var holdsRowsAlone: Bool { !isOurs && manifest.schema.allSatisfy(\.isAboutTheDatabase) && !manifest.tables.isEmpty }

    /// What a person should know of it before the restore.
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

    /// The table that COPY fills: of a partition that was dumped with `--load-via-partition-root` its root.
    func destination(of table: Manifest.Table) -> TableName {
        guard case .dump(_, let dumped) = source else { return table.tableName }
        return dumped.roots[table.number] ?? table.tableName
    }

    /// Whether the table that the rows go to gets no rows from elsewhere. INSERT statements name it themselves, and it
    /// may be a root (`--inserts --load-via-partition-root`), which sends rows to any of its partitions.
    func hasItsOwnRows(_ table: Manifest.Table) -> Bool {
        table.extensionName == nil && !hasStatements(table) && destination(of: table) == table.tableName
    }

    /// The rows of a table of a dump for several workers; nil for rows that cannot be shared.
    func sharedRows(of table: Manifest.Table, among workers: Int) -> SharedRows? {
        guard case .dump(let dump, let dumped) = source, let chunk = table.chunks.first,
            let entry = dumped.entries[chunk.member], !entry.copyStatement.isEmpty
        else { return nil }
        return SharedRows(dump, entry, workers: workers)
    }

    /// The text of rows that were dumped as INSERT statements, pulled piece by piece; nil for rows of COPY.
    func statements(of chunk: Manifest.Chunk) throws -> ((UnsafeMutableRawBufferPointer) throws -> Int)? {
        guard case .dump(let dump, let dumped) = source, let entry = dumped.entries[chunk.member],
            entry.copyStatement.isEmpty, !entry.isLargeObjects
        else { return nil }
        return try dump.text(of: entry)
    }

    /// Whether the rows of a table were dumped as INSERT statements.
    func hasStatements(_ table: Manifest.Table) -> Bool {
        guard case .dump(_, let dumped) = source else { return false }
        return table.chunks.contains { dumped.entries[$0.member]?.copyStatement.isEmpty == true }
    }

    /// The large objects of an entry of a dump; nil for a chunk of ours.
    func largeObjects(of chunk: Manifest.Chunk) throws -> DumpLargeObjects? {
        guard case .dump(let dump, let dumped) = source else { return nil }
        return try dump.largeObjects(of: try dumped.entry(chunk))
    }
}

/// Reads the rows of an archive, chunk after chunk.
struct RowReader: ~Copyable {
    private var chunks = ChunkReader()

    /// Lends the rows of `chunk` in slabs.
    ///
    /// - Returns: How many rows those were.
    /// - Throws: `ArchiveError`, `StorageError`, possibly after bytes were lent; what `body` throws.
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
    /// The entry of the dump from which a chunk of the manifest was made.
    fileprivate func entry(_ chunk: Manifest.Chunk) throws -> DumpTOC.Entry {
        guard let entry = entries[chunk.member] else {
            throw ArchiveError(.damaged, at: FilePlace(chunk.member), "it is missing")
        }
        return entry
    }
}
