internal import Glibc

/// Whole rows of one table on their way into a member: copied and digested as they come, packed when there are enough.
///
/// The hot path of a backup: one `memcpy` and one XXH3 for a row, no Swift allocation.
package struct ChunkBuilder: ~Copyable {
    /// As large as the target and a usual row; larger for a while when a row is.
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private let targetBytes: Int
    private var isBinary = false
    private let compression: Compression
    private let deflater: Deflater
    /// Where rows are packed to.
    private let packed: UnsafeMutableRawPointer

    /// Bytes and rows in it, and the digest of those rows.
    package private(set) var rawBytes = 0
    package private(set) var rows = 0
    package private(set) var digest = Digest()

    /// - Parameter targetBytes: how much COPY text makes a chunk; independent chunks of 8 MiB cost nothing in size.
    package init(compression: Compression, targetBytes: Int = 8 << 20) {
        self.compression = compression
        self.targetBytes = targetBytes
        deflater = Deflater(compression)
        capacity = targetBytes + targetBytes / 8
        memory = .allocate(byteCount: capacity, alignment: 16)
        packed = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        memory.deallocate()
        packed.deallocate()
    }

    private var usualBytes: Int { targetBytes + targetBytes / 8 }

    package var isFull: Bool { rawBytes >= targetBytes }
    package var isEmpty: Bool { rawBytes == 0 }

    /// Adds a line of COPY text, its newline included.
    @inline(__always)
    package mutating func append(_ row: UnsafeRawBufferPointer) {
        digest.add(Digest.hash(UnsafeRawBufferPointer(rebasing: row.dropLast())))
        rows += 1
        copy(row)
    }

    /// Adds a piece of one row in COPY's binary format, which makes a chunk of its own.
    package mutating func appendBinary(_ piece: UnsafeRawBufferPointer) {
        isBinary = true
        rows = 1
        copy(piece)
    }

    @inline(__always)
    private mutating func copy(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        if bytes.count > capacity - rawBytes { grow(by: bytes.count) }
        (memory + rawBytes).copyMemory(from: base, byteCount: bytes.count)
        rawBytes += bytes.count
    }

    private mutating func grow(by count: Int) {
        // Pages that are never written cost nothing, so doubling is free even for rows of hundreds of megabytes.
        replaceMemory(max(capacity * 2, rawBytes + count))
    }

    private mutating func replaceMemory(_ size: Int) {
        let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        larger.copyMemory(from: memory, byteCount: rawBytes)
        memory.deallocate()
        (memory, capacity) = (larger, size)
    }

    /// Lends the rows as they are and as they are stored, then empties the builder; memory that only a huge row needed
    /// is given back.
    mutating func drain<R>(_ body: (PackedRows) throws -> R) rethrows -> R {
        defer {
            (rawBytes, rows, digest, isBinary) = (0, 0, Digest(), false)
            if capacity > usualBytes { replaceMemory(usualBytes) }
        }
        let raw = UnsafeRawBufferPointer(start: memory, count: rawBytes)
        // Pages of the room that are not written to are never real: a huge row needs only what it packs to.
        let room = rawBytes <= usualBytes ? packed : .allocate(byteCount: rawBytes, alignment: 16)
        defer { if rawBytes > usualBytes { room.deallocate() } }
        let count =
            compression.level == 0
            ? nil : deflater.pack(raw, into: UnsafeMutableRawBufferPointer(start: room, count: rawBytes))
        let stored = count.map { UnsafeRawBufferPointer(start: room, count: $0) } ?? raw
        return try body(
            PackedRows(
                raw: raw,
                stored: stored,
                method: count == nil ? ZipFormat.stored : ZipFormat.deflated,
                rows: rows,
                isBinary: isBinary
            )
        )
    }

    /// The digest of what is in it: of lines, or of the one binary row.
    package var finalDigest: Digest {
        guard isBinary else { return digest }
        var digest = Digest()
        digest.add(Digest.hash(UnsafeRawBufferPointer(start: memory, count: rawBytes)))
        return digest
    }
}

/// Rows as they are and as they are stored, for as long as they are lent.
struct PackedRows {
    let raw: UnsafeRawBufferPointer
    let stored: UnsafeRawBufferPointer
    let method: UInt16
    let rows: Int
    let isBinary: Bool
}
