internal import Archive
internal import Glibc

/// Rows of one table as COPY text, pulled slab by slab and counted. Never leaves its thread.
///
/// pg_dump ends them with the mark `\.`, which only psql and old servers need: it is taken off, and proves that nothing is
/// missing.
package struct DumpRows: ~Copyable {
    private let contents: DumpContents
    private let name: String
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    /// Bytes at the beginning of the buffer that may belong to the end mark.
    private var held = 0
    private var last: UInt8 = 0x0A
    private var isAtEnd = false
    /// The beginning of a row that `nextRows` has read.
    private var rest: [UInt8] = []
    /// The stored bytes that `takeStoredBytes` has told of end here.
    private var storedPosition: Int
    /// Rows lent so far.
    package private(set) var rows = 0
    /// Bytes lent so far.
    package private(set) var byteCount = 0

    private static let endMark = Array("\\.\n\n\n".utf8)

    init(_ contents: DumpContents, name: String) {
        self.contents = contents
        self.name = name
        storedPosition = contents.cursor.position
    }

    deinit { buffer.deallocate() }

    /// Lends the next bytes, which may begin and end within a row; false at the end.
    ///
    /// - Throws: `ArchiveError.damaged`, `.cutOff`; what `body` throws.
    package mutating func next(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        while !isAtEnd {
            try Task.checkCancellation()
            let count = try contents.unpacker.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[held...]))
            guard count > 0 else {
                isAtEnd = true
                try requireEndMark()
                return false
            }
            let filled = held + count
            let ready = filled - Self.endMark.count
            guard ready > 0 else {
                held = filled
                continue
            }
            try lend(UnsafeRawBufferPointer(rebasing: buffer[..<ready]), body)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[ready..<filled]))
            held = Self.endMark.count
            return true
        }
        return false
    }

    private mutating func lend(
        _ slab: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        rows += Self.newlines(in: slab)
        byteCount += slab.count
        last = slab[slab.count - 1]
        try body(slab)
    }

    /// How many bytes, as they are stored, have been read since the last call.
    package mutating func takeStoredBytes() -> Int {
        defer { storedPosition = contents.cursor.position }
        return contents.cursor.position - storedPosition
    }

    /// Replaces `slab` by the next whole rows, about a mebibyte of them; by nothing at the end.
    ///
    /// Pass the same array each time: new memory for each mebibyte costs as much time as the decompression.
    ///
    /// - Returns: The number of rows.
    /// - Throws: `ArchiveError.damaged`, also for a row longer than any server takes.
    package mutating func nextRows(into slab: inout [UInt8]) throws -> Int {
        let before = rows
        // A huge row must not keep its memory.
        slab.removeAll(keepingCapacity: slab.capacity <= 8 * Self.slabBytes)
        slab.append(contentsOf: rest)
        rest.removeAll(keepingCapacity: rest.capacity <= 8 * Self.slabBytes)
        while try next({ slab.append(contentsOf: $0) }) {
            guard slab.count <= Self.rowBytesMax else {
                throw ArchiveError.damagedDump(name, "a row is longer than 1 GiB")
            }
            // Rows that were counted before have been given away, so a new one has its newline in what is here.
            guard slab.count >= Self.slabBytes, rows > before, let end = slab.lastIndex(of: 0x0A) else { continue }
            rest.append(contentsOf: slab[(end + 1)...])
            slab.removeSubrange((end + 1)...)
            break
        }
        return rows - before
    }

    private static let slabBytes = 1 << 20
    private static let rowBytesMax = 1 << 30

    private static func newlines(in slab: UnsafeRawBufferPointer) -> Int {
        guard var position = slab.baseAddress else { return 0 }
        let end = position + slab.count
        var count = 0
        while let newline = memchr(position, 0x0A, end - position) {
            count += 1
            position = UnsafeRawPointer(newline) + 1
        }
        return count
    }

    /// A newline within a row is written `\n`, so behind a newline only the mark can be like this.
    private func requireEndMark() throws {
        guard last == 0x0A, buffer[..<held].elementsEqual(Self.endMark) else {
            throw ArchiveError.damagedDump(name, "their end mark is missing, so rows may be missing")
        }
    }
}

/// The contents of large objects, in pieces. Never leaves its thread.
package struct DumpLargeObjects: ~Copyable {
    private let source: any LargeObjectSource
    /// The objects that are listed and have not been read yet; nil if none are listed.
    private var expected: Set<UInt32>?
    private var current: (oid: UInt32, content: any Unpacker)?
    private var offset = 0
    /// Objects begun so far.
    package private(set) var objects = 0

    package struct Piece: Sendable {
        package var oid: UInt32
        /// Where in the object it belongs.
        package var offset: Int
        package var byteCount: Int
    }

    init(_ source: any LargeObjectSource, expected: Set<UInt32>?) {
        self.source = source
        self.expected = expected
    }

    /// Puts the next piece into `memory`; nil behind the last one. Objects without content have none.
    ///
    /// - Throws: `ArchiveError.damaged`, also for an object that is not listed, comes twice or is missing; `.cutOff`,
    ///   `StorageError`.
    package mutating func next(into memory: UnsafeMutableRawBufferPointer) throws -> Piece? {
        while true {
            try Task.checkCancellation()
            guard let (oid, content) = current else {
                current = try source.next()
                guard let oid = current?.oid else {
                    try requireAll()
                    return nil
                }
                guard expected == nil || expected?.remove(oid) != nil else {
                    throw ArchiveError.damagedDump(
                        "large objects",
                        "the content of \(oid) comes twice, or the table of contents does not list it"
                    )
                }
                offset = 0
                objects += 1
                continue
            }
            var filled = 0
            while filled < memory.count {
                let count = try content.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[filled...]))
                guard count > 0 else { break }
                filled += count
            }
            if filled < memory.count { current = nil }
            guard filled > 0 else { continue }
            defer { offset += filled }
            return Piece(oid: oid, offset: offset, byteCount: filled)
        }
    }

    private func requireAll() throws {
        guard let expected, let first = expected.min() else { return }
        throw ArchiveError.damagedDump(
            "large objects",
            "the contents of \(expected.count) that the table of contents lists are missing, \(first) among them"
        )
    }
}
