internal import Archive
internal import Storage

/// A tar archive: the files of a directory archive as members, none of them compressed. Source: `pg_backup_tar.c`.
struct TarContainer: DumpContainer {
    private struct Member {
        var offset: Int
        var byteCount: Int
    }

    private let source: any ByteSource
    private let name: String
    private let members: [String: Member]
    private let minorVersion: Int
    /// The table of contents, a member too.
    let toc: DumpTOC

    /// - Throws: `ArchiveError` if the file is no tar, or has no table of contents.
    init(_ source: any ByteSource, name: String) throws {
        self.source = source
        self.name = name
        members = try Self.members(source, name)
        guard let contents = members["toc.dat"] else {
            throw ArchiveError(.format, "\(name) has no toc.dat", hint: "name a file that pg_dump wrote")
        }
        toc = try DumpTOC(
            PartSource(source, offset: contents.offset, byteCount: contents.byteCount),
            name: "toc.dat"
        )
        minorVersion = toc.version.minor
    }

    func storedBytes(of entry: DumpTOC.Entry) -> Int {
        guard case .file(let name) = entry.place else { return 0 }
        guard entry.isLargeObjects, let list = try? list(entry) else { return members[name]?.byteCount ?? 0 }
        return list.reduce(0) { $0 + (members[$1.name]?.byteCount ?? 0) }
    }

    func contents(of entry: DumpTOC.Entry) throws -> DumpContents {
        guard case .file(let member) = entry.place else {
            throw ArchiveError.damagedDump(name, "\(entry.title) has no member")
        }
        return try open(member)
    }

    func largeObjects(of entry: DumpTOC.Entry) throws -> any LargeObjectSource {
        LargeObjectFiles(try list(entry)) { try open($0).unpacker }
    }

    private func list(_ entry: DumpTOC.Entry) throws -> [(oid: UInt32, name: String)] {
        let list = entry.largeObjectList(minorVersion)
        let member = try member(list)
        return try LargeObjectFiles.list(try source.bytes(at: member.offset, count: member.byteCount), list)
    }

    private func open(_ name: String) throws -> DumpContents {
        let member = try member(name)
        let cursor = SourceCursor(source, at: member.offset, end: member.offset + member.byteCount, name: name)
        let unpacker = try DumpCompression.none.unpacker(name, isFile: true) { try cursor.read(into: $0) }
        return DumpContents(unpacker: unpacker, cursor: cursor)
    }

    private func member(_ name: String) throws -> Member {
        guard let member = members[name] else { throw ArchiveError.damagedDump(name, "it is missing") }
        return member
    }
}

// Headers of tar.
extension TarContainer {
    private static let blockBytes = 512

    /// Up to the block of zeros that ends a tar, or the end of the file.
    private static func members(_ source: any ByteSource, _ name: String) throws -> [String: Member] {
        var members: [String: Member] = [:]
        var position = 0
        while position <= source.byteCount - blockBytes {
            try Task.checkCancellation()
            let header = try source.bytes(at: position, count: blockBytes)
            if header.allSatisfy({ $0 == 0 }) { return members }
            guard let (member, byteCount) = parsed(header), byteCount <= source.byteCount - position - blockBytes else {
                throw ArchiveError.damagedDump(name, "it is no tar near byte \(position)")
            }
            let offset = position + blockBytes
            guard members.updateValue(Member(offset: offset, byteCount: byteCount), forKey: member) == nil else {
                throw ArchiveError.damagedDump(member, "it is there twice")
            }
            position = offset + (byteCount + blockBytes - 1) / blockBytes * blockBytes
        }
        throw ArchiveError.damagedDump(name, "it ends early: the end of the tar is missing")
    }

    /// The name and the size of a file; nil for anything else, such as links.
    private static func parsed(_ header: [UInt8]) -> (name: String, byteCount: Int)? {
        // Of the checksum's own bytes each counts as a blank.
        let sum = header.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 0x20 : Int(header[$1])) }
        guard number(header[148..<156]) == sum, header[156] == UInt8(ascii: "0") || header[156] == 0,
            let byteCount = number(header[124..<136])
        else { return nil }
        return (String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self), byteCount)
    }

    /// Octal digits, or from 8 GiB on bytes of a number behind a first one of 0x80.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if field.first == 0x80 {
            let value = field.dropFirst().suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return Int(exactly: value)
        }
        let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        guard !digits.isEmpty else { return nil }
        return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    }
}

/// A range of another source.
private struct PartSource: ByteSource {
    private let whole: any ByteSource
    private let offset: Int
    let byteCount: Int

    init(_ whole: any ByteSource, offset: Int, byteCount: Int) {
        self.whole = whole
        self.offset = offset
        self.byteCount = byteCount
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        try whole.read(at: self.offset + offset, into: buffer)
    }
}
