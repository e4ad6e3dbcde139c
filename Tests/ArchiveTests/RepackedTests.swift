import Storage
import TestSupport
import Testing

@testable import Archive

/// Archives that another program has packed again.
@Suite struct RepackedTests {
    private let archive: [UInt8]
    private let key: SealKey

    init() throws {
        key = try #require(SealKey(String(repeating: "0123456789abcdef", count: 4)))
        archive = try Sample.small(sealedBy: key)
    }

    /// The files of the archive, unpacked.
    private func files(_ archive: [UInt8]) throws -> [(name: String, contents: [UInt8])] {
        let reader = try ArchiveReader(MemorySource(archive))
        return try reader.members.map { ($0, try reader.contents(of: $0)) }
    }

    private func rows(_ reader: ArchiveReader) throws -> [UInt8] {
        var chunks = ChunkReader()
        var rows: [UInt8] = []
        for chunk in reader.manifest.tables.flatMap(\.chunks) { try chunks.read(chunk, of: reader) { rows += $0 } }
        return rows
    }

    private static let note = "another program has packed this archive again"

    @Test(arguments: RepackedZip.Style.all) func everyStyleIsReadAndCompared(style: RepackedZip.Style) async throws {
        let bytes = try RepackedZip.bytes(files(archive), style)
        let (reader, original) = (
            try ArchiveReader(MemorySource(bytes)), try ArchiveReader(MemorySource(archive))
        )
        #expect(reader.isRepacked && !original.isRepacked)
        #expect(reader.manifest == original.manifest)
        #expect(try rows(reader) == rows(original))
        let report = try await verify(bytes)
        #expect(report.sentences == [])
        #expect((report.members, report.rows) == (8, 52))
        #expect(report.unchecked.map { $0.hasPrefix(Self.note) } == [true])
    }

    @Test func itHasNoSeal() throws {
        #expect(try ArchiveReader(MemorySource(archive)).isSealed(by: [key]))
        let bytes = try RepackedZip.bytes(files(archive), RepackedZip.Style())
        #expect(try !ArchiveReader(MemorySource(bytes)).isSealed(by: [key]))
    }

    @Test(arguments: ["zip -qr ../again.zip .", "zip -qrX ../again.zip .", "zip -qr0 ../again.zip ."])
    func zipPacksIt(command: String) async throws {
        guard shell("command -v zip unzip").status == 0 else { return }
        let folder = Folder()
        let path = try folder.write(archive, as: "a.zip")
        let made = shell("cd '\(folder.path)' && mkdir a && cd a && unzip -q '\(path)' && \(command)")
        #expect(made.status == 0, "\(made.output)")
        let report = try await Verification(FileSource(path: folder.file("again.zip")), jobs: 2).run()
        #expect(report.sentences == [])
        #expect(report.rows == 52)
        #expect(report.unchecked.count == 1)
    }

    /// A value of the same length, so that only the digest tells.
    @Test func aChangedRowIsFound() async throws {
        var files = try files(archive)
        let place = try #require(files.firstIndex { $0.name == "data/000001-users/000002.copy" })
        let letter = try #require(files[place].contents.firstIndex(of: UInt8(ascii: "A")))
        files[place].contents[letter] = UInt8(ascii: "B")
        let report = try await verify(RepackedZip.bytes(files, RepackedZip.Style()))
        #expect(report.sentences.count == 1)
        #expect(report.sentences.first?.contains("digest of table public.users") == true)
        files[place].contents.append(contentsOf: Array("9\tZoe\n".utf8))
        let longer = try await verify(RepackedZip.bytes(files, RepackedZip.Style()))
        #expect(longer.sentences.first == "\(files[place].name): its size differs from the manifest")
    }

    @Test func filesOfOthersAreNamedAndMissingOnesAreDamage() async throws {
        var files = try files(archive)
        files.append(("notes.txt", Array("mine".utf8)))
        let more = try await verify(RepackedZip.bytes(files, RepackedZip.Style()))
        #expect(more.sentences == [])
        #expect(more.unchecked.last == "these members are not part of the backup: notes.txt")
        files.removeAll { $0.name == "data/000001-users/000002.copy" }
        let fewer = try await verify(RepackedZip.bytes(files, RepackedZip.Style()))
        #expect(fewer.sentences == ["data/000001-users/000002.copy: it is missing"])
    }

    /// The content of each member has a CRC-32, and the records are compared with each other.
    @Test func aFlippedBitOfAContentIsFound() async throws {
        let bytes = try RepackedZip.bytes(files(archive), RepackedZip.Style(isDeflated: false))
        let directory = try ZipDirectory(MemorySource(bytes))
        for entry in directory.entries where entry.storedBytes > 0 {
            let report = try await verify(bytes.flipping(bit: (entry.contentOffset + entry.storedBytes / 2) * 8))
            #expect(!report.isWhole, "\(entry.name)")
        }
    }

    /// No record is believed: each changed byte is an error, or leaves everything as it was.
    @Test func flippedBitsOfTheRecordsLoseNothing() async throws {
        let bytes = try RepackedZip.bytes(files(archive), RepackedZip.Style(hasDescriptors: true))
        let start = try ZipDirectory(MemorySource(bytes)).offset
        for bit in sampled((start * 8)..<(bytes.count * 8)) {
            let report = try await verify(bytes.flipping(bit: bit))
            #expect(!report.isWhole || report.rows == 52, "bit \(bit)")
        }
    }

    @Test func severalBackupsInOneFileAreRefused() throws {
        var files = try files(archive)
        let both = ["one/", "two/"].flatMap { folder in
            files.map { (name: folder + $0.name, contents: $0.contents) }
        }
        let bytes = try RepackedZip.bytes(both, RepackedZip.Style())
        let error = #expect(throws: ArchiveError.self) { try ArchiveReader(MemorySource(bytes)) }
        #expect(error?.message == "the file holds 2 backups, each in a folder of its own")
        // A file of migrations may have this name.
        files.append(("migrations/manifest.json", Array("{}".utf8)))
        #expect(try ArchiveReader(MemorySource(RepackedZip.bytes(files, RepackedZip.Style()))).isRepacked)
    }

    @Test func membersThatOverlapAreDamage() async throws {
        let bytes = try RepackedZip.bytes(files(archive), RepackedZip.Style(namesTwice: true))
        #expect(try await verify(bytes).sentences.first?.hasSuffix("it overlaps the member before it") == true)
    }

    @Test(arguments: [(UInt16(1), UInt16(0), "it is encrypted"), (0, 14, "its compression method 14 is unknown")])
    func whatCannotBeUnpackedIsSaid(flags: UInt16, method: UInt16, problem: String) async throws {
        var style = RepackedZip.Style()
        (style.flags, style.method) = (flags, method)
        let report = try await verify(RepackedZip.bytes(files(archive), style))
        #expect(report.sentences.first?.contains(problem) == true)
    }
}

/// Packs files as other programs do.
enum RepackedZip {
    struct Style: Sendable, CustomTestStringConvertible {
        var folder = ""
        var isDeflated = true
        var isReversed = false
        var hasFolders = false
        var hasDescriptors = false
        var extra: [UInt8] = []
        var comment: [UInt8] = []
        var isWide = false
        /// The first member has two records.
        var namesTwice = false
        var flags: UInt16 = 0
        /// nil for the usual one.
        var method: UInt16?

        static let all = [
            Style(), Style(isDeflated: false, isReversed: true), Style(folder: "shop/", hasFolders: true),
            Style(hasDescriptors: true, extra: [0x55, 0x54, 5, 0, 3, 1, 2, 3, 4]),
            Style(comment: Array("kept for ten years".utf8)),
            Style(isReversed: true, extra: [9, 9, 0, 0], isWide: true),
        ]

        var testDescription: String { "\(folder) \(isDeflated) \(isReversed) \(hasDescriptors) \(isWide)" }
    }

    static func bytes(_ files: [(name: String, contents: [UInt8])], _ style: Style) throws -> [UInt8] {
        let folders: [(String, [UInt8])] = style.hasFolders ? [(style.folder, []), (style.folder + "data/", [])] : []
        let named = files.map { (style.folder + $0.name, $0.contents) }
        var (file, directory): ([UInt8], [UInt8]) = ([], [])
        var count = 0
        for (name, contents) in folders + (style.isReversed ? named.reversed() : named) {
            let packed = try style.isDeflated ? packed(contents) : nil
            let member = member(name, contents, packed, at: file.count, style)
            file += member.local
            for _ in 0..<(style.namesTwice && count == 0 ? 2 : 1) {
                directory += member.central
                count += 1
            }
        }
        return file + directory + end(count, directory.count, file.count, style)
    }

    private static func packed(_ contents: [UInt8]) throws -> [UInt8]? {
        guard !contents.isEmpty else { return nil }
        let deflater = Deflater(try Compression(level: 9))
        var room = [UInt8](repeating: 0, count: contents.count)
        let count = contents.withUnsafeBytes { raw in room.withUnsafeMutableBytes { deflater.pack(raw, into: $0) } }
        return count.map { Array(room[..<$0]) }
    }

    private static func member(
        _ name: String,
        _ contents: [UInt8],
        _ packed: [UInt8]?,
        at offset: Int,
        _ style: Style
    ) -> (local: [UInt8], central: [UInt8]) {
        let stored = packed ?? contents
        let flags = style.flags | (style.hasDescriptors ? 8 : 0)
        let crc = contents.withUnsafeBytes { CRC32.of($0) }
        func common(_ crc: UInt32, _ storedBytes: UInt32, _ rawBytes: UInt32, extra: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            let method = style.method ?? (packed == nil ? ZipFormat.stored : ZipFormat.deflated)
            for field in [20, flags, method, 0x6000, 0x5A21] as [UInt16] { bytes.append(field) }
            for field in [crc, storedBytes, rawBytes] { bytes.append(field) }
            for field in [UInt16(name.utf8.count), UInt16(extra)] { bytes.append(field) }
            return bytes
        }
        var local: [UInt8] = []
        local.append(ZipFormat.localSignature)
        // Where a descriptor follows, the local header has no sizes.
        local +=
            style.hasDescriptors
            ? common(0, 0, 0, extra: style.extra.count)
            : common(crc, UInt32(stored.count), UInt32(contents.count), extra: style.extra.count)
        local += Array(name.utf8) + style.extra + stored
        if style.hasDescriptors {
            for field in [0x0807_4B50, crc, UInt32(stored.count), UInt32(contents.count)] { local.append(field) }
        }
        var wide: [UInt8] = []
        if style.isWide {
            for field in [1, 24] as [UInt16] { wide.append(field) }
            for field in [contents.count, stored.count, offset] { wide.append(UInt64(field)) }
        }
        var central: [UInt8] = []
        central.append(ZipFormat.directorySignature)
        central.append(UInt16(3 << 8 | 30))
        let extra = style.extra + wide
        central +=
            style.isWide
            ? common(crc, .max, .max, extra: extra.count)
            : common(crc, UInt32(stored.count), UInt32(contents.count), extra: extra.count)
        for field in [0, 0, 1] as [UInt16] { central.append(field) }
        central.append(UInt32(0o100644) << 16)
        central.append(style.isWide ? UInt32.max : UInt32(offset))
        return (local, central + Array(name.utf8) + extra)
    }

    private static func end(_ entries: Int, _ size: Int, _ offset: Int, _ style: Style) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(ZipFormat.endSignature)
        for field in [0, 0, UInt16(entries), UInt16(entries)] { bytes.append(field) }
        bytes.append(UInt32(size))
        bytes.append(UInt32(offset))
        bytes.append(UInt16(style.comment.count))
        return bytes + style.comment
    }
}
