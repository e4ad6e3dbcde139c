internal import Glibc

/// Whole rows of one table that will become a member: copied and digested as they arrive, compressed when there are
/// enough.
///
/// The hot path of a backup: one `memcpy` and one XXH3 per row, no Swift allocation.
package struct ChunkBuilder: ~Copyable {
    /// Room for the target size and a usual row. A larger row makes it larger for a while.
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private let targetBytes: Int
    private var isBinary = false
    private let compression: Compression
    private let deflater: Deflater
    /// The buffer for the compressed rows.
    private let packed: UnsafeMutableRawPointer

    /// Bytes and rows in the buffer, and the digest of those rows.
    package private(set) var rawBytes = 0
    package private(set) var rows = 0
    package private(set) var digest = Digest()

    /// - Parameter targetBytes: How much COPY text makes a chunk. With 8 MiB, independent chunks do not increase the
    ///   size.
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

    /// Adds a line of COPY text with its newline.
    @inline(__always)
    package mutating func append(_ row: UnsafeRawBufferPointer) {
        digest.add(Digest.hash(UnsafeRawBufferPointer(rebasing: row.dropLast())))
        rows += 1
        copy(row)
    }

    /// Adds a piece of one row in COPY's binary format. Such a row is a chunk of its own.
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
        // The system allocates only pages that are written, so doubling is cheap even for rows of hundreds of
        // megabytes.
        replaceMemory(max(capacity * 2, rawBytes + count))
    }

    private mutating func replaceMemory(_ size: Int) {
        let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        larger.copyMemory(from: memory, byteCount: rawBytes)
        memory.deallocate()
        (memory, capacity) = (larger, size)
    }

    /// Passes the raw and the stored rows to `body`, then empties the builder. Frees memory that only a huge row
    /// needed.
    mutating func drain<R>(_ body: (PackedRows) throws -> R) rethrows -> R {
        defer {
            (rawBytes, rows, digest, isBinary) = (0, 0, Digest(), false)
            if capacity > usualBytes { replaceMemory(usualBytes) }
        }
        let raw = UnsafeRawBufferPointer(start: memory, count: rawBytes)
        // The system allocates only pages that are written, so a huge row needs only its compressed size.
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

    /// The digest of the content: of its lines, or of the one binary row.
    package var finalDigest: Digest {
        guard isBinary else { return digest }
        var digest = Digest()
        digest.add(Digest.hash(UnsafeRawBufferPointer(start: memory, count: rawBytes)))
        return digest
    }
}

/// Raw and stored rows, valid while a closure uses them.
struct PackedRows {
    let raw: UnsafeRawBufferPointer
    let stored: UnsafeRawBufferPointer
    let method: UInt16
    let rows: Int
    let isBinary: Bool
}
