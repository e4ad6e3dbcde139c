internal import Cryptography
internal import Storage

/// Reads members: compares the local header with the directory, unpacks, and checks size and CRC.
struct MemberReader: ~Copyable {
    /// A member larger than this is unpacked piece by piece.
    static let wholeBytesMax = 64 << 20

    private let inflater = Inflater()
    private var stored: [UInt8] = []
    private var raw: [UInt8] = []

    /// Lends the content: whole, or in slabs where it is large, in which case errors may come after bytes were lent.
    ///
    /// - Parameter expected: the SHA-256 of the stored bytes, where the manifest has one.
    /// - Throws: `ArchiveError.damaged`, and what `body` throws.
    mutating func read(
        _ entry: ZipEntry,
        in source: any ByteSource,
        sha256 expected: String? = nil,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try MemberReader.requireHeader(of: entry, in: source)
        let isLarge = max(entry.rawBytes, entry.storedBytes) > MemberReader.wholeBytesMax
        try isLarge
            ? MemberReader.readInPieces(entry, source, sha256: expected, body)
            : readWhole(entry, source, sha256: expected, body)
    }

    private mutating func readWhole(
        _ entry: ZipEntry,
        _ source: any ByteSource,
        sha256 expected: String?,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if stored.count < entry.storedBytes { stored = [UInt8](repeating: 0, count: entry.storedBytes) }
        if raw.count < entry.rawBytes { raw = [UInt8](repeating: 0, count: entry.rawBytes) }
        try stored.withUnsafeMutableBytes { stored in
            let packed = UnsafeMutableRawBufferPointer(rebasing: stored[..<entry.storedBytes])
            try source.read(at: entry.contentOffset, into: packed)
            let sum = expected.map { _ in ArchiveWriter.sha256(UnsafeRawBufferPointer(packed)) }
            guard entry.method == ZipFormat.deflated else {
                try MemberReader.require(entry, CRC32.of(UnsafeRawBufferPointer(packed)))
                try MemberReader.require(entry, sum, expected)
                return try body(UnsafeRawBufferPointer(packed))
            }
            try raw.withUnsafeMutableBytes { raw in
                let unpacked = UnsafeMutableRawBufferPointer(rebasing: raw[..<entry.rawBytes])
                guard inflater.unpack(UnsafeRawBufferPointer(packed), into: unpacked) else {
                    throw ArchiveError.damaged(entry.name, "its content does not unpack")
                }
                try MemberReader.require(entry, CRC32.of(UnsafeRawBufferPointer(unpacked)))
                try MemberReader.require(entry, sum, expected)
                try body(UnsafeRawBufferPointer(unpacked))
            }
        }
    }

    private static func readInPieces(
        _ entry: ZipEntry,
        _ source: any ByteSource,
        sha256 expected: String?,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { piece.deallocate() }
        var stream = InflateStream()
        var sha256 = SHA256()
        let isHashed = expected != nil
        var (crc, count, done) = (UInt32(0), 0, 0)
        func lend(_ bytes: UnsafeRawBufferPointer) throws {
            crc = CRC32.of(bytes, after: crc)
            count += bytes.count
            guard count <= entry.rawBytes else {
                throw ArchiveError.damaged(entry.name, "it unpacks to more than it says")
            }
            try body(bytes)
        }
        while done < entry.storedBytes {
            let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, entry.storedBytes - done)])
            try source.read(at: entry.contentOffset + done, into: part)
            done += part.count
            let bytes = UnsafeRawBufferPointer(part)
            if isHashed { sha256.update(bytes) }
            if entry.method == ZipFormat.stored {
                try lend(bytes)
            } else if try !stream.unpack(bytes, lend) {
                throw ArchiveError.damaged(entry.name, "its content does not unpack")
            }
        }
        let isWhole = count == entry.rawBytes && (entry.method == ZipFormat.stored || stream.isFinished)
        guard isWhole else { throw ArchiveError.damaged(entry.name, "its content ends early") }
        guard stream.endsInZeros else { throw ArchiveError.damaged(entry.name, "bits behind its content are set") }
        try MemberReader.require(entry, crc)
        try MemberReader.require(entry, isHashed ? Hexadecimal.text(sha256.finalize()) : nil, expected)
    }
}

extension MemberReader {
    static func contents(of entry: ZipEntry, in source: any ByteSource, limit: Int) throws -> [UInt8] {
        guard entry.rawBytes <= limit else {
            throw ArchiveError.damaged(entry.name, "\(entry.rawBytes) bytes are more than it may have")
        }
        try requireHeader(of: entry, in: source)
        var contents: [UInt8] = []
        contents.reserveCapacity(entry.rawBytes)
        try readInPieces(entry, source, sha256: nil) { contents.append(contentsOf: $0) }
        return contents
    }

    /// The local header is what the directory says, to the bit: it could not have been written otherwise.
    static func requireHeader(of entry: ZipEntry, in source: any ByteSource) throws {
        let expected = entry.localHeader
        guard try source.bytes(at: entry.offset, count: expected.count) == expected else {
            throw ArchiveError.damaged(entry.name, "its local header is not what the central directory says")
        }
    }

    private static func require(_ entry: ZipEntry, _ crc: UInt32) throws {
        guard crc == entry.crc else { throw ArchiveError.damaged(entry.name, "its CRC-32 does not fit its content") }
    }

    private static func require(_ entry: ZipEntry, _ sha256: String?, _ expected: String?) throws {
        guard expected == nil || sha256 == expected else {
            throw ArchiveError.damaged(entry.name, "its SHA-256 is not what the manifest says")
        }
    }
}

extension ZipEntry {
    /// Where its stored bytes begin. `ZipDirectory` has looked that they lie in the file.
    var contentOffset: Int { offset + localHeaderBytes }
    /// Where the next member begins.
    var endOffset: Int { contentOffset + storedBytes }
}

/// Reads the chunks of a manifest, one after the other, with buffers that are used again.
package struct ChunkReader: ~Copyable {
    private var members = MemberReader()

    package init() {}

    /// Lends the rows of `chunk`: checked and whole, or where it is large in slabs.
    ///
    /// - Throws: `ArchiveError.damaged` when CRC-32, size or SHA-256 do not fit: before any byte was lent, but for a
    ///   large chunk only after, so that whoever passes bytes on must be able to take them back. And what `body` throws.
    package mutating func read(
        _ chunk: Manifest.Chunk,
        of archive: ArchiveReader,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let entry = try archive.entry(chunk.member)
        guard entry.rawBytes == chunk.rawBytes, entry.storedBytes == chunk.storedBytes else {
            throw ArchiveError.damaged(chunk.member, "its size is not what the manifest says")
        }
        try members.read(entry, in: archive.source, sha256: chunk.sha256, body)
    }
}
