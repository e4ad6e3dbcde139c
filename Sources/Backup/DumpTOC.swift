internal import Archive
internal import PostgresClient

/// The table of contents of pg_dump's custom format, archive versions 1.14 (PostgreSQL 12) to 1.16 (17 and 18).
///
/// Source: `ReadHead` and `ReadToc` of PostgreSQL's `pg_backup_archiver.c`.
struct DumpTOC: Sendable {
    struct Entry: Sendable, Equatable {
        enum Section: Int, Sendable {
            case none = 1
            case preData
            case data
            case postData
        }

        var id: Int
        var catalogOID: UInt32
        var objectOID: UInt32
        var tag: String
        /// pg_dump's word for the kind of object, `desc` in its source.
        var kind: String
        var section: Section
        var definition: String
        var dropStatement: String
        var namespace: String?
        /// nil for the current default; empty for the database's default.
        var tablespace: String?
        var accessMethod: String?
        /// `pg_class.relkind`, from version 1.16 on.
        var relationKind: Character?
        var owner: String?
        var dependencies: [Int]
    }

    let version: (major: Int, minor: Int)
    let entries: [Entry]

    /// - Throws: `BackupError.format` if the bytes are not such a table of contents.
    init(_ bytes: [UInt8], codec: TextCodec) throws {
        var cursor = TOCCursor(bytes, codec)
        version = try cursor.readHead()
        guard version.major == 1, (14...16).contains(version.minor) else {
            throw BackupError(
                .format,
                "pg_dump wrote version \(version.major).\(version.minor) of its format, which is not known",
                hint: "use pg_dump of PostgreSQL 12 to 18, with --postgres-bin"
            )
        }
        let count = try cursor.readInt()
        guard (0...bytes.count).contains(count) else { throw TOCCursor.broken }
        let minor = version.minor
        entries = try (0..<count).map { _ in try cursor.readEntry(minor: minor) }
    }
}

/// Reads pg_dump's integers and strings, and checks the end.
private struct TOCCursor {
    static let broken = BackupError(
        .format,
        "what pg_dump wrote ends early or is not understood",
        hint: "run pg_dump -Fc by hand to see why"
    )

    private let bytes: [UInt8]
    private let codec: TextCodec
    private var position = 0
    private var integerBytes = 4
    private var offsetBytes = 8

    init(_ bytes: [UInt8], _ codec: TextCodec) {
        self.bytes = bytes
        self.codec = codec
    }

    mutating func readHead() throws -> (major: Int, minor: Int) {
        guard bytes.starts(with: "PGDMP".utf8) else { throw Self.broken }
        position = 5
        let (major, minor) = (Int(try readByte()), Int(try readByte()))
        _ = try readByte()  // The revision.
        integerBytes = Int(try readByte())
        offsetBytes = Int(try readByte())
        guard (4...8).contains(integerBytes), (4...8).contains(offsetBytes), try readByte() == 1 else {
            throw Self.broken
        }
        if minor >= 15 { _ = try readByte() } else { _ = try readInt() }  // The compression.
        for _ in 0..<7 { _ = try readInt() }  // The time of the dump.
        for _ in 0..<3 { _ = try readString() }  // The database, and the versions of the server and of pg_dump.
        return (major, minor)
    }

    mutating func readEntry(minor: Int) throws -> DumpTOC.Entry {
        let id = try readInt()
        _ = try readInt()  // Whether it contains data.
        let catalog = UInt32(try readString() ?? "") ?? 0
        let object = UInt32(try readString() ?? "") ?? 0
        let tag = try readString() ?? ""
        let kind = try readString() ?? ""
        guard let section = DumpTOC.Entry.Section(rawValue: try readInt()) else { throw Self.broken }
        let definition = try readString() ?? ""
        let drop = try readString() ?? ""
        _ = try readString()  // The COPY statement, which granary does not need.
        let namespace = try readString()
        let tablespace = try readString()
        let accessMethod = try readString()
        let relationKind = minor >= 16 ? try readInt() : 0
        let owner = try readString()
        _ = try readString()  // WITH OIDS, which no longer exists.
        var dependencies: [Int] = []
        while let dependency = try readString() { dependencies.append(Int(dependency) ?? 0) }
        try skip(1 + offsetBytes)  // The position of the data.
        return DumpTOC.Entry(
            id: id,
            catalogOID: catalog,
            objectOID: object,
            tag: tag,
            kind: kind,
            section: section,
            definition: definition,
            dropStatement: drop,
            namespace: namespace,
            tablespace: tablespace,
            accessMethod: accessMethod,
            relationKind: (1..<128).contains(relationKind) ? Character(Unicode.Scalar(UInt8(relationKind))) : nil,
            owner: owner,
            dependencies: dependencies
        )
    }

    private mutating func readByte() throws -> UInt8 {
        guard position < bytes.count else { throw Self.broken }
        defer { position += 1 }
        return bytes[position]
    }

    /// A sign byte and the value, little-endian.
    mutating func readInt() throws -> Int {
        let isNegative = try readByte() != 0
        var value: UInt64 = 0
        for index in 0..<integerBytes { value |= UInt64(try readByte()) << (8 * index) }
        guard value <= UInt64(Int32.max) else { throw Self.broken }
        return isNegative ? -Int(value) : Int(value)
    }

    /// A length and the bytes; nil for a length of -1.
    private mutating func readString() throws -> String? {
        let count = try readInt()
        guard count >= 0 else { return nil }
        guard count <= bytes.count - position else { throw Self.broken }
        defer { position += count }
        return bytes[position..<(position + count)].withUnsafeBytes(codec.string)
    }

    private mutating func skip(_ count: Int) throws {
        guard count <= bytes.count - position else { throw Self.broken }
        position += count
    }
}
