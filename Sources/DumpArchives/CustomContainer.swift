internal import Archive
internal import Storage

/// A custom archive: behind the table of contents a block for each entry with data.
///
///     block           kind (1: rows, 3: large objects), the entry's number, pieces
///     pieces          length and bytes, one after the other; a length of 0 ends them
///     large objects   each its oid and pieces; an oid of 0 ends them
///
/// Source: `pg_backup_custom.c`.
struct CustomContainer: DumpContainer {
    private struct Block {
        /// Of its first piece, or of the oid of its first large object.
        var offset: Int
        /// Where the next block begins, or the file ends.
        var end = 0
    }

    private let source: any ByteSource
    private let name: String
    private let compression: DumpCompression
    private let integerBytes: Int
    private let blocks: [Int: Block]

    /// - Throws: `ArchiveError.damaged` if a block is not where it should be, or is missing.
    init(_ source: any ByteSource, _ toc: DumpTOC, name: String) throws {
        self.source = source
        self.name = name
        compression = toc.compression
        integerBytes = toc.integerBytes
        let entries = toc.entries.filter { $0.place != .nowhere }
        // A dump that was written to a pipe does not say where its blocks are.
        let isPiped = entries.contains { $0.place == .unknown }
        let finder = BlockFinder(source: source, integerBytes: integerBytes, name: name)
        let offsets =
            try isPiped ? finder.scanned(from: toc.endOffset, entries) : finder.listed(entries, after: toc.endOffset)
        blocks = try Self.blocks(at: offsets, entries, from: toc.endOffset, source.byteCount, finder)
    }

    private static func blocks(
        at offsets: [Int: Int],
        _ entries: [DumpTOC.Entry],
        from start: Int,
        _ byteCount: Int,
        _ finder: BlockFinder
    ) throws -> [Int: Block] {
        let ordered = offsets.values.sorted() + [byteCount]
        // pg_dump leaves no gap, so what begins elsewhere has entries that were not read.
        guard ordered[0] == start else {
            throw ArchiveError.damagedDump(finder.name, "its data do not begin where its table of contents ends")
        }
        let ends = Dictionary(zip(ordered, ordered.dropFirst()), uniquingKeysWith: { first, _ in first })
        var blocks: [Int: Block] = [:]
        for entry in entries {
            guard let offset = offsets[entry.id], let end = ends[offset] else {
                throw ArchiveError.damagedDump(finder.name, "the data of \(entry.title) are missing")
            }
            guard end - offset >= finder.headerBytes else { throw finder.misplaced(entry) }
            blocks[entry.id] = Block(offset: offset + finder.headerBytes, end: end)
        }
        return blocks
    }

    func storedBytes(of entry: DumpTOC.Entry) -> Int { blocks[entry.id].map { $0.end - $0.offset } ?? 0 }

    func contents(of entry: DumpTOC.Entry) throws -> DumpContents {
        let (block, cursor) = try open(entry)
        let pieces = Pieces(cursor, integerBytes)
        let unpacker = try compression.unpacker(entry.title, isFile: false) { memory in
            let count = try pieces.read(into: memory)
            if count == 0, cursor.position != block.end { throw cursor.broken }
            return count
        }
        return DumpContents(unpacker: unpacker, cursor: cursor)
    }

    func largeObjects(of entry: DumpTOC.Entry) throws -> any LargeObjectSource {
        let (block, cursor) = try open(entry)
        return CustomLargeObjects(cursor, end: block.end, integerBytes, compression, entry.title)
    }

    private func open(_ entry: DumpTOC.Entry) throws -> (Block, SourceCursor) {
        guard let block = blocks[entry.id] else {
            throw ArchiveError.damagedDump(name, "the data of \(entry.title) are missing")
        }
        return (block, SourceCursor(source, at: block.offset, end: block.end, name: name))
    }
}

/// Finds the blocks of a custom archive.
private struct BlockFinder {
    let source: any ByteSource
    let integerBytes: Int
    let name: String

    /// Kind and number.
    var headerBytes: Int { 1 + 1 + integerBytes }

    /// The offsets that the table of contents has, each with a block there of that number.
    func listed(_ entries: [DumpTOC.Entry], after start: Int) throws -> [Int: Int] {
        var offsets: [Int: Int] = [:]
        var taken: Set<Int> = []
        for case (let entry, .offset(let offset)) in entries.map({ ($0, $0.place) }) {
            guard offset >= start, offset <= source.byteCount - headerBytes, taken.insert(offset).inserted,
                offsets[entry.id] == nil
            else { throw misplaced(entry) }
            let cursor = SourceCursor(source, at: offset, end: offset + headerBytes, name: name)
            let kind = try cursor.byte()
            guard kind == entry.blockKind, try cursor.integer(integerBytes) == entry.id else { throw misplaced(entry) }
            offsets[entry.id] = offset
        }
        return offsets
    }

    func misplaced(_ entry: DumpTOC.Entry) -> ArchiveError {
        .damagedDump(name, "the data of \(entry.title) are not where its table of contents says")
    }

    /// Reads all blocks one after the other and notes their offsets.
    ///
    /// - Throws: `ArchiveError.damaged`, also for a block that belongs to no entry.
    func scanned(from start: Int, _ entries: [DumpTOC.Entry]) throws -> [Int: Int] {
        let kinds = Dictionary(entries.map { ($0.id, $0.blockKind) }, uniquingKeysWith: { first, _ in first })
        let cursor = SourceCursor(source, at: start, name: name)
        var offsets: [Int: Int] = [:]
        while cursor.remaining > 0 {
            try Task.checkCancellation()
            let offset = cursor.position
            let kind = try cursor.byte()
            let id = try cursor.integer(integerBytes)
            guard kinds[id] == kind, offsets.updateValue(offset, forKey: id) == nil else { throw cursor.broken }
            switch kind {
            case 1: try skipPieces(cursor)
            case 3: while try cursor.integer(integerBytes) != 0 { try skipPieces(cursor) }
            default: throw cursor.broken
            }
        }
        return offsets
    }

    private func skipPieces(_ cursor: SourceCursor) throws {
        while true {
            try Task.checkCancellation()
            let count = try cursor.integer(integerBytes)
            guard count > 0 else { return }
            try cursor.skip(count)
        }
    }
}

/// The bytes of the pieces, up to the length that ends them.
private final class Pieces {
    private let cursor: SourceCursor
    private let integerBytes: Int
    private var left = 0
    private(set) var isAtEnd = false

    init(_ cursor: SourceCursor, _ integerBytes: Int) {
        self.cursor = cursor
        self.integerBytes = integerBytes
    }

    /// Fills all of `memory`, since a piece has only 4 KiB; less at the end.
    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < memory.count {
            if left == 0, !isAtEnd {
                left = try cursor.integer(integerBytes)
                guard (0...cursor.remaining).contains(left) else { throw cursor.broken }
                isAtEnd = left == 0
            }
            guard !isAtEnd else { break }
            let end = min(memory.count, filled + left)
            let count = try cursor.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[filled..<end]))
            guard count > 0 else { throw cursor.broken }
            left -= count
            filled += count
        }
        return filled
    }
}

private final class CustomLargeObjects: LargeObjectSource {
    private let cursor: SourceCursor
    private let end: Int
    private let integerBytes: Int
    private let compression: DumpCompression
    private let title: String
    private var pieces: Pieces?

    init(_ cursor: SourceCursor, end: Int, _ integerBytes: Int, _ compression: DumpCompression, _ title: String) {
        self.cursor = cursor
        self.end = end
        self.integerBytes = integerBytes
        self.compression = compression
        self.title = title
    }

    func next() throws -> (oid: UInt32, content: any Unpacker)? {
        // An unpacker may be at its end before it has asked for the last piece.
        if let pieces, !pieces.isAtEnd {
            let rest = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { try pieces.read(into: $0) }
            guard rest == 0 else { throw cursor.broken }
        }
        // pg_dump writes the oid as an Int32.
        let oid = UInt32(bitPattern: Int32(truncatingIfNeeded: try cursor.integer(integerBytes)))
        guard oid != 0 else {
            guard cursor.position == end else { throw cursor.broken }
            return nil
        }
        let pieces = Pieces(cursor, integerBytes)
        self.pieces = pieces
        let content = try OrNothing(compression, "large object \(oid)") { try pieces.read(into: $0) }
        return (oid, content)
    }
}

/// Content that pg_dump did not compress because there was none.
private final class OrNothing: Unpacker {
    private let unpacker: any Unpacker
    private let first: FirstByte

    init(_ compression: DumpCompression, _ name: String, _ source: @escaping PackedBytes) throws {
        let first = FirstByte(source)
        self.first = first
        unpacker = try compression.unpacker(name, isFile: false) { try first.read(into: $0) }
    }

    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        guard try first.exists() else { return 0 }
        return try unpacker.read(into: memory)
    }

    /// Looks whether there is a byte.
    private final class FirstByte {
        private let source: PackedBytes
        private var byte: UInt8 = 0
        private var found: Bool?
        private var isPending = false

        init(_ source: @escaping PackedBytes) { self.source = source }

        func exists() throws -> Bool {
            if let found { return found }
            let count = try withUnsafeMutableBytes(of: &byte) { try source($0) }
            (found, isPending) = (count > 0, count > 0)
            return count > 0
        }

        func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
            guard isPending, !memory.isEmpty else { return try source(memory) }
            isPending = false
            memory[0] = byte
            return 1
        }
    }
}

extension DumpTOC.Entry {
    /// `BLK_DATA`, `BLK_BLOBS`
    fileprivate var blockKind: UInt8 { isLargeObjects ? 3 : 1 }
}
