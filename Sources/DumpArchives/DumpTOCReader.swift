internal import Archive
package import Storage

extension DumpTOC {
    /// - Parameter name: What errors call the file.
    /// - Throws: `ArchiveError.format`, `.newerFormat` or `.damaged` if the bytes are not such a table of contents.
    package init(_ source: some ByteSource, name: String) throws {
        var reader = DumpTOCReader(source, name: name)
        let head = try reader.readHead()
        version = head.version
        format = head.format
        compression = head.compression
        createdAt = head.createdAt
        (database, serverVersion, dumpVersion) = (head.database, head.serverVersion, head.dumpVersion)
        entries = try reader.readEntries()
        try Self.requirePairs(entries, name)
        encoding = reader.encoding.name
        integerBytes = reader.integerBytes
        endOffset = reader.position
        guard format == .custom || endOffset == source.byteCount else {
            throw ArchiveError.damagedDump(name, "its table of contents does not end where the file ends")
        }
    }
}

// Which table has which rows.
extension DumpTOC {
    /// Rows name their table by its number and by its name. Where the two disagree, rows could end up in another table,
    /// or nowhere.
    private static func requirePairs(_ entries: [Entry], _ name: String) throws {
        // Indices, because entries may be millions and large.
        var (tables, rows): ([UInt32: Int], [UInt32: Int]) = ([:], [:])
        for (index, entry) in entries.enumerated() where entry.isTable {
            guard tables.updateValue(index, forKey: entry.objectOID) == nil else {
                throw ArchiveError.damagedDump(name, "two tables have the number \(entry.objectOID)")
            }
        }
        for (index, entry) in entries.enumerated() where entry.kind == "TABLE DATA" {
            guard rows.updateValue(index, forKey: entry.objectOID) == nil else {
                throw ArchiveError.damagedDump(
                    name,
                    "two entries hold rows of the table with number \(entry.objectOID)"
                )
            }
        }
        let names = Set(tables.values.map { QualifiedName(entries[$0]) })
        for entry in rows.values.lazy.map({ entries[$0] }) {
            let hasTable = tables[entry.objectOID].map { QualifiedName(entries[$0]) == QualifiedName(entry) }
            guard hasTable ?? !names.contains(QualifiedName(entry)) else {
                throw ArchiveError.damagedDump(name, "\(entry.title) belong to a table with another number or name")
            }
        }
    }

    private struct QualifiedName: Hashable {
        private let schema, name: ExactText
        init(_ entry: Entry) { (schema, name) = (ExactText(entry.namespace ?? ""), ExactText(entry.tag)) }
    }
}

/// Reads pg_dump's integers and strings, never past the end.
struct DumpTOCReader {
    struct Head {
        var version: (major: Int, minor: Int)
        var format: DumpTOC.Format
        var compression: DumpCompression
        var createdAt: String
        var database: String
        var serverVersion: String
        var dumpVersion: String
    }

    private let cursor: SourceCursor
    private let name: String
    private var minor = 0
    private var format = DumpTOC.Format.custom
    private(set) var integerBytes = 4
    private var offsetBytes = 8
    private(set) var encoding = DumpEncoding.utf8
    /// For all strings, so that a hostile file cannot ask for more memory than a real table of contents needs.
    private var bytesLeft = 1 << 30

    init(_ source: some ByteSource, name: String) {
        cursor = SourceCursor(source, at: 0, name: name)
        self.name = name
    }

    var position: Int { cursor.position }

    mutating func readHead() throws -> Head {
        guard try cursor.bytes(5).elementsEqual("PGDMP".utf8) else {
            throw ArchiveError(.format, "\(name) is not an archive of pg_dump", hint: "name a file that pg_dump wrote")
        }
        let major = Int(try cursor.byte())
        minor = Int(try cursor.byte())
        _ = try cursor.byte()  // The revision.
        try requireKnown(major)
        integerBytes = Int(try cursor.byte())
        offsetBytes = Int(try cursor.byte())
        guard integerBytes == 4 || integerBytes == 8, (4...8).contains(offsetBytes),
            let format = DumpTOC.Format(rawValue: try cursor.byte())
        else { throw broken }
        self.format = format
        let compression = try readCompression()
        return Head(
            version: (major, minor),
            format: format,
            compression: compression,
            createdAt: try readTime(),
            database: try readString() ?? "",
            serverVersion: try readString() ?? "",
            dumpVersion: try readString() ?? ""
        )
    }

    private func requireKnown(_ major: Int) throws {
        guard major == 1, (14...16).contains(minor) else {
            let isOld = major < 1 || (major == 1 && minor < 14)
            throw ArchiveError(
                isOld ? .format : .newerFormat,
                "\(name) has version \(major).\(minor) of pg_dump's format; versions 1.14 to 1.16 are read, which PostgreSQL 12 to 18 write",
                hint: isOld
                    ? "restore it with pg_restore of any newer PostgreSQL" : "make the dump with pg_dump 18 or older"
            )
        }
    }

    /// Before version 1.15 a level of gzip, whose usual one is -1.
    private mutating func readCompression() throws -> DumpCompression {
        guard minor >= 15 else { return try readInt() == 0 ? .none : .gzip }
        let number = try cursor.byte()
        guard let compression = DumpCompression(number: number) else {
            throw ArchiveError(
                .newerFormat,
                "\(name) is compressed with the unknown method \(number)",
                hint: "make the dump again with --compress=gzip, lz4, zstd or none"
            )
        }
        return compression
    }

    private mutating func readTime() throws -> String {
        let parts = try (0..<7).map { _ in try readInt() }
        let fields = [parts[5] + 1900, parts[4] + 1, parts[3], parts[2], parts[1], parts[0]]
        let texts = fields.map { $0 < 10 ? "0\($0)" : "\($0)" }
        return texts[..<3].joined(separator: "-") + "T" + texts[3...].joined(separator: ":")
    }

    mutating func readEntries() throws -> [DumpTOC.Entry] {
        let count = try readInt()
        // No entry is shorter: two integers and twelve strings without content.
        guard (0...(cursor.remaining / (14 * (integerBytes + 1)))).contains(count) else { throw broken }
        var entries: [DumpTOC.Entry] = []
        // The count is a claim, and an entry takes more memory than bytes of the file.
        entries.reserveCapacity(min(count, 65536))
        var taken: Set<Int> = []
        for _ in 0..<count {
            try Task.checkCancellation()
            let entry = try readEntry()
            guard entry.id > 0, taken.insert(entry.id).inserted else {
                throw ArchiveError.damagedDump(
                    name,
                    "its table of contents has two entries with the number \(entry.id), or a number that cannot be"
                )
            }
            // pg_dump writes it first, because it says how to read the others.
            if entry.kind == "ENCODING" { encoding = try DumpEncoding(statement: entry.definition, name) }
            entries.append(entry)
        }
        guard entries.contains(where: { $0.kind == "ENCODING" }) else {
            throw ArchiveError.damagedDump(name, "its table of contents does not say the encoding")
        }
        return entries
    }

    private mutating func readEntry() throws -> DumpTOC.Entry {
        let id = try readInt()
        let hasData = try readInt() != 0
        let catalog = UInt32(try readString() ?? "") ?? 0
        let object = UInt32(try readString() ?? "") ?? 0
        let tag = try readString() ?? ""
        let kind = try readString() ?? ""
        guard let section = DumpTOC.Entry.Section(rawValue: try readInt()),
            section != .data || Self.dataKinds.contains(kind)
        else { throw broken }
        let definition = try readString() ?? ""
        let drop = try readString() ?? ""
        let copy = try readString() ?? ""
        let namespace = try readString()
        let tablespace = try readString()
        let accessMethod = try readString()
        let relationKind = minor >= 16 ? try readInt() : 0
        if kind == "BLOB METADATA" { try take(16 * definition.utf8.count { $0 == 0x0A }) }
        let owner = try readString()
        _ = try readString()  // WITH OIDS, long gone.
        var dependencies: [Int] = []
        while let dependency = try readString() { dependencies.append(Int(dependency) ?? 0) }
        return DumpTOC.Entry(
            id: id,
            catalogOID: catalog,
            objectOID: object,
            tag: tag,
            kind: kind,
            section: section,
            definition: definition,
            dropStatement: drop,
            copyStatement: copy,
            namespace: namespace,
            tablespace: tablespace,
            accessMethod: accessMethod,
            relationKind: (1..<128).contains(relationKind) ? Character(Unicode.Scalar(UInt8(relationKind))) : nil,
            owner: owner,
            dependencies: dependencies,
            place: try readPlace(hasData, kind)
        )
    }

    /// Kinds whose entries have data in the archive.
    private static let kindsWithData: Set<String> = ["TABLE DATA", "BLOBS"]
    /// Kinds of the section of data. An entry of another kind could hold rows that a restore would not notice.
    private static let dataKinds = kindsWithData.union(["SEQUENCE SET", "BLOB METADATA", "STATISTICS DATA"])

    /// What each format adds to an entry.
    private mutating func readPlace(_ hasData: Bool, _ kind: String) throws -> DumpTOC.Entry.Place {
        guard hasData == Self.kindsWithData.contains(kind) else { throw broken }
        guard format == .custom else {
            let file = try readString() ?? ""
            guard hasData == !file.isEmpty else { throw broken }
            return hasData ? .file(file) : .nowhere
        }
        let state = try cursor.byte()
        var offset: UInt64 = 0
        for (index, byte) in try cursor.bytes(offsetBytes).enumerated() { offset |= UInt64(byte) << (8 * index) }
        // 1: not known when it was written; 2: known; 3: no data.
        guard hasData == (state != 3) else { throw broken }
        switch state {
        case 1: return .unknown
        case 2: return .offset(Int(clamping: offset))
        case 3: return .nowhere
        default: throw broken
        }
    }

    private mutating func readInt() throws -> Int { try cursor.integer(integerBytes) }

    /// A length and the bytes; nil for a length of -1.
    private mutating func readString() throws -> String? {
        let count = try readInt()
        // A string without content takes memory, too.
        try take(max(count, 0) + 16)
        guard count >= 0 else { return nil }
        guard count <= cursor.remaining else { throw broken }
        return encoding.string(try cursor.bytes(count))
    }

    private mutating func take(_ bytes: Int) throws {
        bytesLeft -= bytes
        guard bytesLeft >= 0 else {
            throw ArchiveError(
                .format,
                "\(name) has a table of contents that needs more than 1 GiB",
                hint: "restore it with pg_restore, or dump fewer schemas at once"
            )
        }
    }

    private var broken: ArchiveError { cursor.broken }
}
