internal import Cryptography
internal import Storage

/// Reads members: compares the local header with the directory, decompresses, and checks size and CRC.
struct MemberReader: ~Copyable {
    /// A larger member is decompressed piece by piece.
    static let wholeBytesMax = 64 << 20

    private let inflater = Inflater()
    private var stored: [UInt8] = []
    private var raw: [UInt8] = []

    /// Passes the content to `body`: whole, or in slabs if it is large. Then an error may follow after bytes were
    /// passed.
    ///
    /// - Parameter expected: The SHA-256 of the stored bytes, if the manifest has one.
    /// - Throws: `ArchiveError.damaged`, and errors of `body`.
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
            let sum = expected.map { _ in SHA256.text(of: UnsafeRawBufferPointer(packed)) }
            guard entry.method == ZipFormat.deflated else {
                try MemberReader.require(entry, CRC32.of(UnsafeRawBufferPointer(packed)))
                try MemberReader.require(entry, sum, expected)
                return try body(UnsafeRawBufferPointer(packed))
            }
            try raw.withUnsafeMutableBytes { raw in
                let unpacked = UnsafeMutableRawBufferPointer(rebasing: raw[..<entry.rawBytes])
                guard inflater.unpack(UnsafeRawBufferPointer(packed), into: unpacked) else {
                    throw ArchiveError.damaged(entry.name, "its content cannot be decompressed")
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
                throw ArchiveError.damaged(entry.name, "its decompressed content is larger than its declared size")
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
                throw ArchiveError.damaged(entry.name, "its content cannot be decompressed")
            }
        }
        let isWhole = count == entry.rawBytes && (entry.method == ZipFormat.stored || stream.isFinished)
        guard isWhole else { throw ArchiveError.damaged(entry.name, "its content ends early") }
        guard stream.endsInZeros else { throw ArchiveError.damaged(entry.name, "bits after its content are set") }
        try MemberReader.require(entry, crc)
        try MemberReader.require(entry, isHashed ? Hexadecimal.text(sha256.finalize()) : nil, expected)
    }
}

extension MemberReader {
    static func contents(of entry: ZipEntry, in source: any ByteSource, limit: Int) throws -> [UInt8] {
        guard entry.rawBytes <= limit else {
            throw ArchiveError.damaged(entry.name, "\(entry.rawBytes) bytes exceed the size limit")
        }
        try requireHeader(of: entry, in: source)
        var contents: [UInt8] = []
        contents.reserveCapacity(entry.rawBytes)
        try readInPieces(entry, source, sha256: nil) { contents.append(contentsOf: $0) }
        return contents
    }

    /// The local header must match the directory in every bit, because a writer has only one way to write it.
    static func requireHeader(of entry: ZipEntry, in source: any ByteSource) throws {
        // `RepackedDirectory` has compared those of other programs.
        guard entry.headerBytes == 0 else { return }
        let expected = entry.localHeader
        guard try source.bytes(at: entry.offset, count: expected.count) == expected else {
            throw ArchiveError.damaged(entry.name, "its local header differs from the central directory")
        }
    }

    private static func require(_ entry: ZipEntry, _ crc: UInt32) throws {
        guard crc == entry.crc else { throw ArchiveError.damaged(entry.name, "its CRC-32 does not match its content") }
    }

    private static func require(_ entry: ZipEntry, _ sha256: String?, _ expected: String?) throws {
        guard expected == nil || sha256 == expected else {
            throw ArchiveError.damaged(entry.name, "its SHA-256 differs from the manifest")
        }
    }
}

extension ZipEntry {
    /// The beginning of its stored bytes. `ZipDirectory` has checked that they are inside the file.
    var contentOffset: Int { offset + (headerBytes > 0 ? headerBytes : localHeaderBytes) }
    /// The beginning of the next member.
    var endOffset: Int { contentOffset + storedBytes }
}
