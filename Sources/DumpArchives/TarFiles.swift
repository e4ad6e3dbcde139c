internal import Archive
internal import Storage

/// The members of a tar archive, none of them compressed.
struct TarFiles: DumpFiles {
    private struct Member {
        var offset: Int
        var byteCount: Int
    }

    private let source: any ByteSource
    let name: String
    private let members: [String: Member]

    /// - Throws: `ArchiveError` if the file is no tar.
    init(_ source: any ByteSource, name: String) throws {
        self.source = source
        self.name = name
        members = try Self.members(source, name)
    }

    /// The table of contents.
    func contents() throws -> DumpTOC {
        guard let contents = members["toc.dat"] else {
            throw ArchiveError(.format, "\(name) has no toc.dat", hint: "name a file that pg_dump wrote")
        }
        return try DumpTOC(part(contents), name: "toc.dat")
    }

    func byteCount(of file: String) -> Int { members[file]?.byteCount ?? 0 }

    func open(_ file: String) throws -> (source: any ByteSource, compression: DumpCompression) {
        guard let member = members[file] else { throw ArchiveError.damagedDump(file, "it is missing") }
        return (part(member), .none)
    }

    private func part(_ member: Member) -> PartSource {
        PartSource(source, offset: member.offset, byteCount: member.byteCount)
    }
}

// Headers of tar.
extension TarFiles {
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
                throw ArchiveError.damagedDump(name, "it is not a tar near byte \(position)")
            }
            let offset = position + blockBytes
            guard members.updateValue(Member(offset: offset, byteCount: byteCount), forKey: member) == nil else {
                throw ArchiveError.damagedDump(member, "it occurs twice")
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
