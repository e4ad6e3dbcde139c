internal import Archive
internal import Glibc

/// Rows of one table as COPY text, pulled slab by slab and counted. Never leaves its thread.
///
/// pg_dump ends them with the mark `\.`, which only psql and old servers need: it is taken off, and proves that nothing is
/// missing.
package struct DumpRows: ~Copyable {
    private let contents: any Unpacker
    private let name: String
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    /// Bytes at the beginning of the buffer that may belong to the end mark.
    private var held = 0
    private var last: UInt8 = 0x0A
    private var isAtEnd = false
    /// Rows lent so far.
    package private(set) var rows = 0
    /// Bytes lent so far.
    package private(set) var byteCount = 0

    private static let endMark = Array("\\.\n\n\n".utf8)

    init(_ contents: any Unpacker, name: String) {
        self.contents = contents
        self.name = name
    }

    deinit { buffer.deallocate() }

    /// Lends the next bytes, which may begin and end within a row; false at the end.
    ///
    /// - Throws: `ArchiveError.damaged`, `.cutOff`; what `body` throws.
    package mutating func next(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        while !isAtEnd {
            try Task.checkCancellation()
            let count = try contents.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[held...]))
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
            throw ArchiveError.damagedDump(name, "they end without their end mark, so some are missing")
        }
    }
}

/// The contents of large objects, in pieces. Never leaves its thread.
package struct DumpLargeObjects: ~Copyable {
    private let source: any LargeObjectSource
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

    init(_ source: any LargeObjectSource) { self.source = source }

    /// Puts the next piece into `memory`; nil behind the last one. Objects without content have none.
    ///
    /// - Throws: `ArchiveError.damaged`, `.cutOff`, `StorageError`.
    package mutating func next(into memory: UnsafeMutableRawBufferPointer) throws -> Piece? {
        while true {
            try Task.checkCancellation()
            guard let (oid, content) = current else {
                current = try source.next()
                guard current != nil else { return nil }
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
}
