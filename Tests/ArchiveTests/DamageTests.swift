import TestSupport
import Testing

@testable import Archive

/// Verification reports any changed byte of an archive with its place.
@Suite struct DamageTests {
    private let archive: [UInt8]
    private let directory: ZipDirectory

    init() throws {
        archive = try Sample.whole()
        directory = try ZipDirectory(MemorySource(archive))
    }

    @Test func theSampleItselfIsWhole() async throws {
        let report = try await verify(archive)
        #expect(report.sentences == [])
        #expect(report.members == 14)
        #expect(report.rows == 50)
        let entries = directory.entries.filter { $0.name.hasSuffix(".copy") }
        #expect(entries.contains { $0.method == ZipFormat.deflated })
        #expect(entries.contains { $0.method == ZipFormat.stored && $0.rawBytes > 20 })
        #expect(try ArchiveReader(MemorySource(archive)).manifest.largeObjects?.rows == 2)
    }

    /// Each bit of the local headers. The problem is reported for that member.
    @Test func everyBitOfALocalHeaderIsLookedAt() async throws {
        for entry in directory.entries {
            for bit in sampled((entry.offset * 8)..<(entry.contentOffset * 8)) {
                let report = try await verify(archive.flipping(bit: bit))
                #expect(report.problems.map(\.member) == [entry.name], "bit \(bit)")
            }
        }
    }

    /// Contents: one bit of each byte, and each bit of a member's last byte.
    @Test func everyByteOfAContentIsLookedAt() async throws {
        var generator = SeededGenerator(seed: 3)
        for entry in directory.entries where entry.storedBytes > 0 {
            let bits =
                sampled(entry.contentOffset..<entry.endOffset).map { $0 * 8 + Int.random(in: 0..<8, using: &generator) }
                + ((entry.endOffset * 8 - 8)..<(entry.endOffset * 8))
            for bit in bits {
                let report = try await verify(archive.flipping(bit: bit))
                #expect(report.problems.map(\.member) == [entry.name], "bit \(bit)")
            }
        }
    }

    /// Each bit of the central directory and the end record.
    @Test func everyBitOfTheDirectoryIsLookedAt() async throws {
        for bit in sampled((directory.offset * 8)..<(archive.count * 8)) {
            let report = try await verify(archive.flipping(bit: bit))
            #expect(!report.isWhole, "bit \(bit)")
        }
    }

    @Test func aCutIsFoundWhereverItIs() async throws {
        for count in sampled(0..<archive.count) {
            let report = try await verify(Array(archive[..<count]))
            let whole = directory.entries.count { $0.endOffset <= count }
            let expected =
                count < 4
                ? "archive: this is not an archive of granary"
                : "archive: the archive is cut off, or bytes were added at its end: its end record is missing; "
                    + "complete members found: \(whole)"
            #expect(report.sentences == [expected], "\(count) bytes")
        }
    }

    @Test(arguments: [1, 7, 22, 100]) func aBeginningThatIsMissingIsFound(_ count: Int) async throws {
        #expect(
            try await verify(Array(archive[count...])).sentences == ["end record: its numbers do not match the file"]
        )
    }

    @Test func addedBytesAreFound() async throws {
        let cut = "archive: the archive is cut off, or bytes were added at its end: its end record is missing"
        #expect(try await verify(archive + [0]).sentences.map { $0.hasPrefix(cut) } == [true])
        #expect(try await verify([0] + archive).sentences == ["end record: its numbers do not match the file"])
        // With two archives in a row, the end record of the last one does not match.
        #expect(try await verify(archive + archive).sentences == ["end record: its numbers do not match the file"])
    }
}

/// Exchanged members: the ZIP is valid and every CRC is correct.
@Suite struct ExchangeTests {
    private let archive: [UInt8]
    private let members: [LooseMember]
    private static let first = "data/000001-users/000001.copy"
    private static let second = "data/000001-users/000002.copy"
    private static let other = "data/000003-keys/000001.copy"

    init() throws {
        archive = try Sample.whole()
        members = try Rebuilding.members(of: archive)
    }

    private func place(_ name: String) throws -> Int {
        try #require(members.firstIndex { $0.entry.name == name })
    }

    private func sentences(_ change: (inout [LooseMember]) throws -> Void) async throws -> [String] {
        var members = members
        try change(&members)
        return try await verify(Rebuilding.zip(members)).sentences
    }

    @Test func takenApartAndPutTogetherItIsTheSame() throws {
        #expect(Rebuilding.zip(members) == archive)
    }

    /// Exchanges within a table, between two tables, and between two files.
    @Test(arguments: [
        (Self.first, Self.second), (Self.first, Self.other), ("README.txt", "schema/roles.sql"),
        ("large-objects/000001.copy", Self.first),
    ])
    func contentsThatWereExchangedAreFound(_ one: String, _ two: String) async throws {
        let (a, b) = (try place(one), try place(two))
        let sentences = try await sentences { members in
            members.swapAt(a, b)
            (members[a].entry.name, members[b].entry.name) = (one, two)
        }
        #expect(sentences == [one, two].sorted().map { "\($0): its SHA-256 differs from the manifest" })
    }

    @Test func namesThatWereExchangedAreFound() async throws {
        let (a, b) = (try place(Self.first), try place(Self.second))
        let sentences = try await sentences { members in
            (members[a].entry.name, members[b].entry.name) = (Self.second, Self.first)
        }
        #expect(sentences == [Self.first, Self.second].map { "\($0): its SHA-256 differs from the manifest" })
    }

    /// Members may be in any order, except that the manifest comes last.
    @Test func orderDoesNotMatterButForTheManifest() async throws {
        let turned = try await sentences { members in members = members.dropLast().reversed() + [members.last!] }
        #expect(turned == [])
        let early = try await sentences { members in members.swapAt(members.count - 1, members.count - 2) }
        #expect(early == ["manifest.json: it is not the last member"])
    }

    @Test func aMemberThatWasRemovedIsNamed() async throws {
        for (index, member) in members.enumerated() where member.entry.name != Manifest.member {
            let sentences = try await sentences { $0.remove(at: index) }
            #expect(sentences == ["\(member.entry.name): it is missing"])
        }
        #expect(try await sentences { $0.removeLast() } == ["manifest.json: it is not the last member"])
    }

    @Test func aMemberThatWasAddedIsNamed() async throws {
        let stranger = LooseMember("data/000001-users/000003.copy", contents: Array("43\tEve\n".utf8))
        let sentences = try await sentences { $0.insert(stranger, at: 3) }
        #expect(sentences == ["data/000001-users/000003.copy: the manifest does not name it"])
    }

    @Test func aMemberThatWasDoubledIsNamed() async throws {
        let first = try place(Self.first)
        #expect(try await sentences { $0.insert($0[first], at: first) } == ["\(Self.first): it occurs twice"])
        let renamed = try await sentences {
            var copy = $0[first]
            copy.entry.name = "copy"
            $0.insert(copy, at: 0)
        }
        #expect(renamed == ["copy: the manifest does not name it"])
    }

    /// Changes each field that both headers contain in one of them.
    @Test(arguments: [4, 6, 8, 10, 12, 14, 18, 22, 26, 28])
    func headersThatDisagreeAreFound(_ offset: Int) async throws {
        let place = try place(Self.other)
        let header = members[place].entry.localHeader
        let local = try await sentences { $0[place].localHeader = header.setting(header[offset] ^ 1, at: offset) }
        #expect(local == ["\(Self.other): its local header differs from the central directory"])
        let directory = members[place].entry.directoryHeader
        let central = try await sentences {
            $0[place].directoryHeader = directory.setting(directory[offset + 2] ^ 1, at: offset + 2)
        }
        #expect(!central.isEmpty)
    }
}

extension [UInt8] {
    /// A copy with one bit changed. Bits are counted from the lowest bit of the first byte.
    func flipping(bit: Int) -> [UInt8] {
        var copy = self
        copy[bit / 8] ^= 1 << (bit % 8)
        return copy
    }
}
