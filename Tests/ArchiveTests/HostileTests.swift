import Glibc
import Testing

@testable import Archive

/// Files made by an attacker, whose records are false although all checksums may be correct.
@Suite struct HostileTests {
    private let archive: [UInt8]
    private let members: [LooseMember]

    init() throws {
        archive = try Sample.small()
        members = try Rebuilding.members(of: archive)
    }

    /// The findings of verification. If opening the archive fails, it must fail with the same message.
    private func sentences(_ archive: [UInt8]) async throws -> [String] {
        let report = try await verify(archive)
        let error = try #require(archiveError { _ = try ArchiveReader(MemorySource(archive)) })
        #expect(error.code == .format || error.code == .damaged || error.code == .newerFormat)
        #expect(report.problems.map(\.problem).contains(error.message), "\(report.sentences)")
        return report.sentences
    }

    /// The findings after a change of the first member's directory record.
    private func sentences(first change: (inout ZipEntry) -> Void) async throws -> [String] {
        var members = members
        var entry = members[0].entry
        change(&entry)
        members[0].directoryHeader = entry.directoryHeader
        return try await sentences(Rebuilding.zip(members))
    }

    // MARK: Names

    @Test(arguments: [
        ("", ""), ("..", ".."), (".", "."), ("../up", "../up"), ("a/../../b", "a/../../b"), ("a/..", "a/.."),
        ("/etc/passwd", "/etc/passwd"), ("a//b", "a//b"), ("folder/", "folder/"), ("./a", "./a"),
        ("..\\up", "..\\\\up"), ("C:\\up", "C:\\\\up"), ("a\0b", "a\\0b"), ("a\nb", "a\\nb"),
        ("\u{1b}[2J", "\\u{1B}[2J"),
        ("\u{7f}", "\\u{7F}"), ("\u{80}", "\\u{0080}"), ("\u{9f}", "\\u{009F}"),
    ])
    func aNameThatIsNotSafeIsRefused(_ name: String, _ shown: String) async throws {
        var members = members
        members[0].entry.name = name
        let sentences = try await sentences(Rebuilding.zip(members))
        #expect(sentences == ["archive: the member name \"\(shown)\" is not safe"])
    }

    @Test(arguments: [
        "a", "...", "..a", "a..", ".a", "a/.b/...", "C:", "a b", "\u{a0}", "\u{301}", "a/\u{301}", "\u{c2}\u{bf}", "~",
        "-rf", "zwölf/🐘",
    ])
    func aNameThatIsOnlyOddIsTaken(_ name: String) async throws {
        var members = members
        members[0].entry.name = name
        let report = try await verify(Rebuilding.zip(members))
        #expect(report.sentences == ["schema/pre-data.sql: it is missing", "\(name): the manifest does not name it"])
    }

    @Test func aLongNameIsShortInTheMessage() async throws {
        var members = members
        members[0].entry.name = String(repeating: "../", count: 20_000)
        let error = try #require(archiveError { _ = try ArchiveReader(MemorySource(Rebuilding.zip(members))) })
        #expect(error.description.utf8.count < 200)
        #expect(error.hint == "do not unpack this file")
    }

    @Test func aNameThatIsNotUTF8IsRefused() async throws {
        let directory = try ZipDirectory(MemorySource(archive))
        let place = directory.offset + 46
        for bytes in [[0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0]] as [[UInt8]] {
            let patched = archive.setting(bytes[0], at: place).setting(bytes[1], at: place + 1)
            let sentences = try await sentences(patched)
            #expect(sentences == ["central directory: the record at its byte 0 has a name that is not UTF-8"])
        }
    }

    @Test func theManifestMayNotBeThereTwice() async throws {
        let twice = Rebuilding.zip(members + [members.last!])
        #expect(try await sentences(twice) == ["manifest.json: it occurs twice"])
    }

    // MARK: Sizes and places

    @Test func sizesThatCannotBeAreRefusedBeforeAnythingIsReadByThem() async throws {
        let name = "schema/pre-data.sql"
        let stored = members[0].entry.storedBytes
        for size in [10 << 30, 1 << 40, 1 << 62, Int.max] {
            #expect(
                try await sentences { $0.rawBytes = size } == ["\(name): \(stored) bytes cannot decompress to \(size)"]
            )
            #expect(try await sentences { $0.storedBytes = size } == ["\(name): it extends beyond the members"])
            #expect(try await sentences { $0.offset = size } == ["\(name): it extends beyond the members"])
        }
    }

    /// Numbers that do not fit into `Int`: a ZIP64 field can hold up to 2^64 − 1.
    @Test func numbersWithTheHighestBitSetAreRefused() async throws {
        for (index, header) in [(0, 46), (1, 46), (2, 46)] {
            var members = members
            var entry = members[0].entry
            entry.offset = 1 << 40
            let record = entry.directoryHeader
            let place = header + entry.name.utf8.count + 4 + 8 * index
            for value in [UInt64.max, 1 << 63] {
                members[0].directoryHeader = record.setting(value, at: place)
                let sentences = try await sentences(Rebuilding.zip(members))
                #expect(
                    sentences == [
                        "central directory: the record at its byte 0 has a ZIP64 field with an unexpected form"
                    ]
                )
            }
        }
    }

    /// Classic fields at their maximum without a ZIP64 field, or with one that is too short, of another kind or not
    /// needed.
    @Test func aWideFieldThatIsNotAsItShouldBeIsRefused() async throws {
        var entry = members[0].entry
        let short = entry.directoryHeader
        entry.offset = 1 << 40
        let wide = entry.directoryHeader
        let extra = 46 + entry.name.utf8.count
        let missing = short.setting(UInt32.max, at: 42)
        let cut = Array(wide.setting(UInt16(24), at: 30).dropLast(4))
        for (record, problem) in [
            (missing, "has a ZIP64 field with an unexpected form"),
            (cut, "has a ZIP64 field with an unexpected form"),
            (wide.setting(UInt16(2), at: extra), "has a ZIP64 field with an unexpected form"),
            (wide.setting(UInt16(8), at: extra + 2), "is not in the form that granary writes"),
            (wide.setting(UInt32(0), at: 42), "is not in the form that granary writes"),
            (short.setting(UInt16(4), at: 30) + [1, 0, 0, 0], "is not in the form that granary writes"),
            (short.setting(UInt16(1), at: 32) + [0], "is not in the form that granary writes"),
        ] {
            var members = members
            members[0].directoryHeader = record
            let sentences = try await sentences(Rebuilding.zip(members))
            // A record of the wrong length moves the beginning of the next one.
            #expect(sentences.count == 1)
            #expect(sentences[0].hasSuffix(problem) || sentences[0].hasSuffix("is not one"), "\(sentences)")
        }
    }

    /// A member inside another one: its header is valid, and its content is part of the other member's.
    @Test func membersThatOverlapAreRefused() async throws {
        let inner = LooseMember("inner", contents: [1, 2, 3])
        var outer = LooseMember("outer", contents: inner.entry.localHeader + inner.stored)
        outer.entry.offset = 0
        var hidden = inner
        hidden.entry.offset = outer.entry.contentOffset
        hidden.directoryHeader = hidden.entry.directoryHeader
        (hidden.localHeader, hidden.stored) = ([], [])
        let sentences = try await sentences(Rebuilding.zip([outer, hidden] + members))
        #expect(
            sentences == [
                "inner: it overlaps the member before it", "outer: the manifest does not name it",
                "inner: the manifest does not name it",
            ]
        )
    }

    /// Many members at the same place of the file. The reader reads no more than the size of the file.
    @Test func oneContentUnderManyNamesIsReadOnce() async throws {
        let content = LooseMember("1000", contents: [UInt8](repeating: 7, count: 100_000))
        var all = [content]
        for number in 1001...1200 {
            var copy = content
            copy.entry.name = "\(number)"
            copy.entry.offset = 0
            copy.directoryHeader = copy.entry.directoryHeader
            (copy.localHeader, copy.stored) = ([], [])
            all.append(copy)
        }
        let source = CountingSource(Rebuilding.zip(all + members))
        let report = try await Verification(source, jobs: 1).run()
        let overlapping = report.problems.filter { $0.problem == "it overlaps the member before it" }.map(\.member)
        #expect(overlapping == (1001...1200).map { "\($0)" })
        #expect(source.bytesRead < 4 * source.byteCount)
    }

    @Test func bytesBetweenMembersAreRefused() async throws {
        var changed = members
        changed[1].stored += [0]
        changed[1].entry.storedBytes = members[1].entry.storedBytes
        let next = members[2].entry.name
        #expect(try await sentences(Rebuilding.zip(changed)) == ["\(next): there is a gap before it"])
        var last = members
        last[last.count - 1].stored += [0]
        let sentences = try await sentences(Rebuilding.zip(last))
        #expect(sentences == ["central directory: it does not follow the last member"])
        let first = try await self.sentences { $0.offset = 1 }
        #expect(first.contains("schema/pre-data.sql: there is a gap before it"))
    }

    @Test func packingThatIsNotKnownIsRefused() async throws {
        let name = "schema/pre-data.sql"
        #expect(
            try await sentences { $0.method = 12 } == ["\(name): its compression method 12 is unknown"]
        )
        let directory = try ZipDirectory(MemorySource(archive))
        let flags = directory.offset + 8
        #expect(try await sentences(archive.setting(UInt16(0x801), at: flags)) == ["\(name): it is encrypted"])
        #expect(
            try await sentences(archive.setting(UInt16(0x808), at: flags)) == [
                "\(name): its sizes follow its content"
            ]
        )
    }

    // MARK: The end

    @Test(arguments: [-1, 1, 100]) func aCountThatLiesIsFound(_ change: Int) async throws {
        let count = UInt16(members.count + change)
        let end = archive.count - 22
        let sentences = try await sentences(archive.setting(count, at: end + 8).setting(count, at: end + 10))
        let room = (end - (try ZipDirectory(MemorySource(archive)).offset)) / 46
        #expect(
            sentences == [
                Int(count) <= room
                    ? "central directory: it has \(members.count) of \(count) members"
                    : "end record: its numbers do not match the file"
            ]
        )
        let one = try await self.sentences(archive.setting(count, at: end + 8))
        #expect(one == ["end record: it is not in the form that granary writes"])
    }

    @Test func aCommentIsRefused() async throws {
        let length = archive.count - 2
        for (patched, sentence) in [
            (archive.setting(UInt16(1), at: length), "end record: it is not in the form that granary writes"),
            (archive.setting(UInt16.max, at: length), "end record: it is not in the form that granary writes"),
        ] {
            #expect(try await sentences(patched) == [sentence])
        }
        let real = archive.setting(UInt16(5), at: length) + Array("hello".utf8)
        #expect(
            try await sentences(real).map { $0.hasPrefix("archive: the archive is cut off, or bytes were") } == [true]
        )
        // A comment that is a complete end record of another file.
        let record = Array(archive.suffix(22))
        #expect(
            try await sentences(archive.setting(UInt16(22), at: length) + record) == [
                "end record: its numbers do not match the file"
            ]
        )
    }

    @Test func aDirectoryThatIsElsewhereIsRefused() async throws {
        let end = archive.count - 22
        for field in [12, 16] {
            for value in [0, 1, 1 << 31, UInt32.max - 1] as [UInt32] {
                let sentences = try await sentences(archive.setting(value, at: end + field))
                #expect(sentences == ["end record: its numbers do not match the file"])
            }
            let full = try await sentences(archive.setting(UInt32.max, at: end + field))
            #expect(full == ["ZIP64 end record: it is at the wrong position"])
        }
        let small = Array(archive.suffix(22)).setting(UInt32.max, at: 12)
        #expect(try await sentences(small) == ["ZIP64 end record: there is no space for it"])
        let nothing = ZipFormat.end(entries: 0, directoryOffset: 0, directorySize: 0)
        #expect(try await verify(nothing).sentences.count == 1)
    }

    /// ZIP64 end records with false numbers, and one that is not needed.
    @Test func aWideEndThatLiesIsRefused() async throws {
        let directory = try ZipDirectory(MemorySource(archive))
        let body = Array(archive.dropLast(22))
        let size = body.count - directory.offset
        // As in a file with 65,535 members.
        let wide = ZipFormat.end(entries: 65_535, directoryOffset: directory.offset, directorySize: size)
        #expect(wide.count == 98)
        let right = wide.setting(UInt64(members.count), at: 24).setting(UInt64(members.count), at: 32)
        #expect(try await sentences(body + wide) == ["end record: its numbers do not match the file"])
        #expect(try await sentences(body + right) == ["end record: it is not in the form that granary writes"])
        for field in [32, 40, 48] {
            for value in [UInt64.max, 1 << 63, UInt64(Int64.max), 1 << 62] {
                let sentences = try await sentences(body + right.setting(value, at: field))
                #expect(sentences.count == 1)
                #expect(sentences[0].hasSuffix("end record: its numbers do not match the file"))
            }
        }
        let noRecord = try await sentences(body + right.setting(UInt32(0), at: 0))
        #expect(noRecord == ["ZIP64 end record: it is at the wrong position"])
    }

    // MARK: Contents

    /// A few bytes that inflate to very many, whatever size their record declares.
    @Test(arguments: [10, 1 << 20, (64 << 20) + 1, 120 << 20]) func aBombIsStoppedAtItsDeclaredSize(
        _ claimed: Int
    ) async throws {
        let bomb = try Bomb.member("data/bomb", bytes: 128 << 20, claimed: claimed)
        let source = MemorySource(Rebuilding.zip([bomb] + members))
        let problem =
            claimed > 64 << 20
            ? "its decompressed content is larger than its declared size" : "its content cannot be decompressed"
        let report = try await Verification(source, jobs: 1).run()
        #expect(report.sentences == ["data/bomb: the manifest does not name it", "data/bomb: \(problem)"])
        let archive = try ArchiveReader(source)
        var lent = 0
        var reader = MemberReader()
        var found: ArchiveError?
        do {
            try reader.read(archive.entry("data/bomb"), in: source) { lent += $0.count }
        } catch let error as ArchiveError {
            found = error
        }
        #expect(found?.description == "data/bomb: \(problem)")
        #expect(lent <= (claimed > 64 << 20 ? claimed : 0))
    }

    @Test func aManifestThatIsABombIsNotUnpacked() async throws {
        var members = members
        members[members.count - 1] = try Bomb.member(Manifest.member, bytes: 128 << 20, claimed: 128 << 20)
        let sentences = try await sentences(Rebuilding.zip(members))
        #expect(sentences == ["manifest.json: 134217728 bytes exceed the size limit"])
        members[members.count - 1] = try Bomb.member(Manifest.member, bytes: 128 << 20, claimed: 16 << 20)
        let larger = try await self.sentences(Rebuilding.zip(members))
        #expect(larger == ["manifest.json: its decompressed content is larger than its declared size"])
    }
}

/// Compressed zeros.
enum Bomb {
    /// A member that declares `claimed` bytes and inflates to `bytes` bytes.
    static func member(_ name: String, bytes: Int, claimed: Int) throws -> LooseMember {
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 16)
        defer { raw.deallocate() }
        if let start = raw.baseAddress { memset(start, 0, bytes) }
        let stored = try packed(UnsafeRawBufferPointer(raw))
        let crc = CRC32.of(UnsafeRawBufferPointer(raw))
        let entry = ZipEntry(
            name: name,
            method: ZipFormat.deflated,
            crc: crc,
            rawBytes: claimed,
            storedBytes: stored.count
        )
        return LooseMember(entry, stored)
    }

    static func packed(_ raw: UnsafeRawBufferPointer) throws -> [UInt8] {
        var room = [UInt8](repeating: 0, count: raw.count / 100 + 100)
        let deflater = Deflater(try Compression(level: 1))
        let count = room.withUnsafeMutableBytes { deflater.pack(raw, into: $0) }
        return Array(room.prefix(count ?? 0))
    }
}
