internal import Archive
internal import Storage
internal import Synchronization

enum ArchiveTargets {
    /// What is taken of one member: memory that the fuzzer's limit is measured by.
    private static let memberBytesMax = 1 << 20

    /// An archive that verification finds whole can be opened, and all of it be read.
    static func archive(_ input: [UInt8]) async throws {
        let source = MemorySource(input)
        let report = try await Verification(source, jobs: 1).run()
        let archive = try unless(ArchiveError.self) { try ArchiveReader(source) }
        guard let archive else {
            return try require(!report.isWhole, "verification finds whole what cannot be opened")
        }
        var isRead = true
        for member in archive.members {
            let contents = try unless(ArchiveError.self) {
                try archive.contents(of: member, limit: memberBytesMax)
            }
            isRead = isRead && contents != nil
        }
        var chunks = ChunkReader()
        for chunk in archive.manifest.tables.flatMap(\.chunks) where chunk.rawBytes <= memberBytesMax {
            var count = 0
            let read: Void? = try unless(ArchiveError.self) {
                try chunks.read(chunk, of: archive) { count += $0.count }
            }
            isRead = isRead && read != nil
            try require(read == nil || count == chunk.rawBytes, "a chunk has \(count) bytes of \(chunk.rawBytes)")
        }
        let isSmall = archive.manifest.files.allSatisfy { $0.rawBytes <= memberBytesMax }
        try require(!report.isWhole || isRead || !isSmall, "verification finds whole what cannot be read")
    }

    /// The same, with the input as the manifest of an archive that is in order but for that.
    static func manifest(_ input: [UInt8]) async throws {
        try await archive(
            LooseArchive.bytes([
                ("data/000001-users/000001.copy", Array("1\tAda\n2\t\\N\n".utf8)),
                ("schema/pre-data.sql", Array("CREATE TABLE public.users (id bigint, name text);\n".utf8)),
                ("manifest.json", input),
            ])
        )
    }

    /// What is unpacked does not depend on the pieces that it comes in.
    static func gzip(_ input: [UInt8]) throws {
        let whole = try unpacked(input, step: .max, room: 1 << 16)
        let pieces = try unpacked(input, step: 3, room: 7)
        // Damage may be noticed before all bytes before it were given, so one may end there and the other at the limit.
        let isOneAtLimit = (whole == nil) != (pieces == nil) && (whole ?? pieces)?.count == memberBytesMax
        try require(whole == pieces || isOneAtLimit, "the unpacked bytes depend on the pieces they come in")
    }

    private static func unpacked(_ input: [UInt8], step: Int, room: Int) throws -> [UInt8]? {
        try unless(ArchiveError.self) {
            var position = 0
            var reader = GzipReader(name: "input", bufferBytes: min(step, 1 << 16)) { memory in
                let count = min(memory.count, step, input.count - position)
                memory.copyBytes(from: input[position..<(position + count)])
                position += count
                return count
            }
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: room)
            while bytes.count < memberBytesMax {
                let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
                if count == 0 { return bytes }
                bytes += piece[..<count]
            }
            // Two readers have not come equally far.
            return Array(bytes[..<memberBytesMax])
        }
    }
}

/// An archive in memory.
private struct MemorySource: ByteSource {
    let bytes: [UInt8]
    var byteCount: Int { bytes.count }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else {
            throw FuzzFinding("bytes \(offset)… are asked for where \(bytes.count) are")
        }
        buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
    }
}

/// Stored members as a ZIP: what is put in here comes past the checksums.
enum LooseArchive {
    static func bytes(_ members: [(name: String, contents: [UInt8])]) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let common = record(member.name, member.contents)
            let offset = file.count
            file += number(0x0403_4b50, 4) + common + [0, 0] + member.name.utf8 + member.contents
            directory += number(0x0201_4b50, 4) + number(3 << 8 | 45, 2) + common + [UInt8](repeating: 0, count: 8)
            directory += number(0o100600 << 16, 4) + number(offset, 4) + member.name.utf8
        }
        let count = number(members.count, 2)
        let end =
            number(0x0605_4b50, 4) + [0, 0, 0, 0] + count + count + number(directory.count, 4) + number(file.count, 4)
        return file + directory + end + [0, 0]
    }

    /// From the version needed to the length of the name.
    private static func record(_ name: String, _ contents: [UInt8]) -> [UInt8] {
        let size = number(contents.count, 4)
        return number(20, 2) + number(0x0800, 2) + number(0, 2) + number(0, 2) + number(0x21, 2)
            + number(Int(crc(contents)), 4) + size + size + number(name.utf8.count, 2)
    }

    private static func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
}
