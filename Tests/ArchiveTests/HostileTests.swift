import Glibc
import Testing

@testable import Archive

/// Files that somebody made to do harm: a clear error, in bounded memory, and nothing is written anywhere.
@Suite struct HostileTests {
    /// The problems of a ZIP that is right in itself and has one more member, in front.
    private func problems(adding member: LooseMember) async throws -> [String] {
        let members = try Rebuilding.members(of: Sample.small())
        return try await verify(Rebuilding.zip([member] + members)).sentences
    }

    @Test(arguments: [
        "../evil", "a/../../evil", "/etc/evil", "a//b", "", ".", "..", "a/..", "a\\..\\b", "C:\\evil", "a\u{0}b",
        "a\nb",
        "a\u{1B}[2Jb", "a/\u{7f}", "a/./b", "a/",
    ])
    func namesThatLeadOutOfAFolderAreRefused(_ name: String) async throws {
        let found = try await problems(adding: LooseMember(name, contents: [65]))
        #expect(found.count == 1 && found[0].contains("is not safe"), "\(found)")
        // What is shown of the name does nothing to a terminal.
        #expect(!found[0].unicodeScalars.contains { $0.value < 32 || $0.value == 0x7f })
    }

    @Test func aNameThatIsNotUTF8IsRefused() async throws {
        var member = LooseMember("data/xx", contents: [65])
        member.directoryHeader = member.entry.directoryHeader.map { $0 == UInt8(ascii: "x") ? 0xff : $0 }
        let found = try await problems(adding: member)
        #expect(found.count == 1 && found[0].contains("not UTF-8"), "\(found)")
    }

    @Test(arguments: [10 << 30, Int(UInt32.max), Int.max - 1, Int.max])
    func absurdSizesAreRefused(_ bytes: Int) async throws {
        for method in [ZipFormat.stored, ZipFormat.deflated] {
            for isStored in [false, true] {
                var member = LooseMember("data/huge", contents: Array("0123456789".utf8))
                member.entry = ZipEntry(
                    name: "data/huge",
                    method: method,
                    crc: 0,
                    rawBytes: bytes,
                    storedBytes: isStored ? bytes : 10
                )
                let found = try await problems(adding: member)
                #expect(found.count == 1 && found[0].hasPrefix("data/huge: "), "\(found)")
            }
        }
    }

    @Test func sizesThatNoIntegerHoldsAreRefused() async throws {
        var member = LooseMember("data/huge", contents: [65])
        member.entry = ZipEntry(name: "data/huge", method: 0, crc: 0, rawBytes: .max, storedBytes: .max)
        var header = member.entry.directoryHeader
        // The ZIP64 field is the last of the record: its numbers with all bits set.
        for place in (header.count - 16)..<header.count { header[place] = 0xff }
        member.directoryHeader = header
        let found = try await problems(adding: member)
        #expect(found.count == 1 && found[0].hasPrefix("central directory: "), "\(found)")
    }

    @Test func aMemberThatReachesIntoTheDirectoryIsRefused() async throws {
        var members = try Rebuilding.members(of: Sample.small())
        members[members.count - 1].directoryHeader =
            ZipEntry(
                name: Manifest.member,
                method: ZipFormat.stored,
                crc: 0,
                rawBytes: 1 << 20,
                storedBytes: 1 << 20
            ).directoryHeader
        let found = try await verify(Rebuilding.zip(members)).sentences
        #expect(found.count == 1 && found[0].contains("manifest.json: it reaches past the members"), "\(found)")
    }

    /// Records that share a member's bytes: read over and over, a small file becomes petabytes.
    @Test func overlappingMembersAreNamedAndNotReadAgain() async throws {
        var sample = try Sample()
        try sample.add(file: "schema/pre-data.sql", String(repeating: "SELECT 1;\n", count: 1000))
        let members = try Rebuilding.members(of: sample.finish())
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        var first = members[0].entry
        first.offset = 0
        bytes += first.localHeader + members[0].stored
        directory += first.directoryHeader
        for number in 1...200 {
            var twin = ZipEntry(
                name: "schema/\(1000 + number)-data.sql",
                method: first.method,
                crc: first.crc,
                rawBytes: first.rawBytes,
                storedBytes: first.storedBytes
            )
            twin.offset = 0
            directory += twin.directoryHeader
        }
        var last = members[1].entry
        last.offset = bytes.count
        bytes += last.localHeader + members[1].stored
        directory += last.directoryHeader
        let offset = bytes.count
        let archive =
            bytes + directory + ZipFormat.end(entries: 202, directoryOffset: offset, directorySize: directory.count)
        let report = try await verify(archive)
        #expect(report.sentences.count { $0.hasSuffix("it overlaps the member before it") } >= 200)
        #expect(report.rawBytes < 1 << 20)
    }

    @Test func endRecordsThatLieAreRefused() async throws {
        let archive = try Sample.small()
        let end = archive.count - 22
        for offset in [4, 6, 8, 10] {
            for value in [0, 1, 5, UInt16.max - 1, UInt16.max] as [UInt16] {
                let edited = archive.setting(value, at: end + offset)
                guard edited != archive else { continue }
                #expect(try await !verify(edited).isWhole, "\(offset) \(value)")
            }
        }
        for offset in [12, 16] {
            for value in [0, 1, UInt32(archive.count), UInt32.max - 1, UInt32.max] {
                let edited = archive.setting(value, at: end + offset)
                guard edited != archive else { continue }
                #expect(try await !verify(edited).isWhole, "\(offset) \(value)")
            }
        }
        #expect(try await !verify(archive.setting(UInt16(7), at: end + 20)).isWhole)
    }

    /// A member that unpacks to 64 MB and says less: no more room is given to it than it said.
    @Test func aDeflateBombIsStoppedWhereItsSizeIsPassed() async throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var packed: [UInt8] = []
        try zeros.withUnsafeBytes { bytes in
            var builder = ChunkBuilder(compression: try Compression(level: 1), targetBytes: 1 << 20)
            // The stream of a real member of 64 MB.
            for _ in 0..<64 { builder.append(bytes) }
            let sink = MemorySink()
            let writer = ArchiveWriter(sink: sink)
            _ = try writer.append(&builder, folder: "data/x")
            try writer.finish(Sample.emptyManifest)
            packed = try Rebuilding.members(of: sink.bytes)[0].stored
        }
        for claimed in [1, 1 << 16, packed.count * 100] {
            var member = LooseMember("data/bomb", contents: packed)
            member.entry = ZipEntry(
                name: "data/bomb",
                method: ZipFormat.deflated,
                crc: 0,
                rawBytes: claimed,
                storedBytes: packed.count
            )
            let found = try await problems(adding: member)
            #expect(found.contains("data/bomb: its content does not unpack"), "\(found)")
        }
    }

    @Test(arguments: [
        "", "[]", "null", "\"x\"", "{", "{}", #"{"format": "1"}"#, #"{"format": 1}"#, #"{"format": -1}"#,
        #"{"format": 0}"#,
        #"{"format": 1.5}"#, #"{"format": 1, "tables": 7}"#, #"{"format": 1, "tables": [[]]}"#, #"{"format": 1e400}"#,
        "\u{0}", "{\"format\": 1, \"granary\": {}}",
    ])
    func aManifestOfAnotherShapeIsRefusedInWords(_ text: String) async throws {
        let archive = try Rebuilding.replacingManifest(of: Sample.small(), by: text)
        let error = try #require(archiveError { _ = try ArchiveReader(MemorySource(archive)) })
        #expect(error.description.hasPrefix("manifest.json"), "\(error)")
        #expect(error.hint != nil)
        #expect(try await !verify(archive).isWhole)
    }

    @Test func aManifestOfAnyDepthDoesNotOverflowTheStack() async throws {
        for depth in [100, 1_000, 100_000] {
            let text =
                #"{"format": 1, "tables": "# + String(repeating: "[", count: depth)
                + String(repeating: "]", count: depth) + "}"
            let archive = try Rebuilding.replacingManifest(of: Sample.small(), by: text)
            #expect(archiveError { _ = try ArchiveReader(MemorySource(archive)) } != nil)
        }
    }

    @Test func aNewerFormatIsRefusedByItsNumber() throws {
        let newer = Manifest.currentFormat + 1
        let archive = try Rebuilding.replacingManifest(of: Sample.small(), by: #"{"format": \#(newer), "other": []}"#)
        let error = try #require(archiveError { _ = try ArchiveReader(MemorySource(archive)) })
        #expect(error.code == .newerFormat)
        #expect(error.description.contains("format \(newer)"))
        #expect(error.hint?.contains("granary") == true)
    }

    @Test func whatIsNoArchiveAtAllIsSaidToBeNone() async throws {
        let png: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10] + [UInt8](repeating: 7, count: 500)
        for bytes in [[], [65], Array("PGDMP".utf8), png, [UInt8](repeating: 0, count: 4096)] as [[UInt8]] {
            let error = try #require(archiveError { _ = try ArchiveReader(MemorySource(bytes)) })
            #expect(error.description.contains("not an archive of granary's"), "\(error)")
        }
    }

    @Test func aZIPOfSomebodyElsesIsSaidToHaveNoManifest() throws {
        let archive = Rebuilding.zip([LooseMember("holiday/1.jpg", contents: [1, 2, 3])])
        let error = try #require(archiveError { _ = try ArchiveReader(MemorySource(archive)) })
        #expect(error.description.contains("manifest"), "\(error)")
    }

    @Test func foldersAndPipesAreNoArchives() throws {
        let folder = Folder()
        #expect(archiveError { _ = try FileSource(path: folder.path) } != nil)
        #expect(mkfifo(folder.file("pipe.zip"), 0o600) == 0)
        #expect(archiveError { _ = try FileSource(path: folder.file("pipe.zip")) } != nil)
    }
}
