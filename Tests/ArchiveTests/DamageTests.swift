import Testing

@testable import Archive

/// What happens to a file on its way is found, and named.
@Suite struct DamageTests {
    /// Of an archive with every kind of member: no byte of it is without a meaning.
    @Test func aFlippedBitAnywhereIsFound() async throws {
        let archive = try Sample.small()
        let entries = try ZipDirectory(MemorySource(archive)).entries
        for position in archive.indices {
            // All bits where the records begin and end, and one that wanders elsewhere.
            let isRecord = position < 64 || position >= archive.count - 120
            for bit in isRecord ? 0..<8 : (position % 8)..<(position % 8 + 1) {
                var damaged = archive
                damaged[position] ^= 1 << bit
                let report = try await verify(damaged)
                #expect(!report.isWhole, "bit \(bit) of byte \(position)")
                guard let entry = entries.first(where: { position >= $0.contentOffset && position < $0.endOffset })
                else { continue }
                let isNamed = report.problems.contains { $0.member == entry.name }
                #expect(isNamed, "bit \(bit) of byte \(position), in \(entry.name): \(report.sentences)")
            }
        }
    }

    @Test func anArchiveCutAnywhereIsNoArchive() async throws {
        let archive = try Sample.small()
        for count in archive.indices {
            let report = try await verify(Array(archive[..<count]))
            #expect(!report.isWhole, "cut after \(count)")
            #expect(archiveError { _ = try ArchiveReader(MemorySource(Array(archive[..<count]))) } != nil)
        }
        #expect(try await verify(archive).isWhole)
    }

    @Test func bytesAddedAtTheEndAreFound() async throws {
        for extra in [[0], [10], Array("PK".utf8), try Sample.small()] as [[UInt8]] {
            #expect(try await !verify(Sample.small() + extra).isWhole)
        }
    }

    /// The members of a sample, rebuilt as a ZIP that is right in itself.
    private func problems(_ change: (inout [LooseMember]) throws -> Void) async throws -> [String] {
        var members = try Rebuilding.members(of: Sample.small())
        try change(&members)
        return try await verify(Rebuilding.zip(members)).sentences
    }

    private func index(_ name: String, in members: [LooseMember]) throws -> Int {
        try #require(members.firstIndex { $0.entry.name.contains(name) })
    }

    @Test func aRemovedMemberIsMissedByName() async throws {
        let names = try Rebuilding.members(of: Sample.small()).map(\.entry.name)
        for name in names.dropLast() {
            let found = try await problems { $0.removeAll { $0.entry.name == name } }
            #expect(found.contains("\(name): it is missing"), "\(found)")
        }
        #expect(try await problems { $0.removeLast() } == ["manifest.json: it is not the last member"])
    }

    @Test func anAddedMemberIsFoundByName() async throws {
        let found = try await problems { $0.insert(LooseMember("data/more", contents: [65, 10]), at: 1) }
        #expect(found == ["data/more: the manifest does not name it"])
    }

    @Test func aMemberThatIsThereTwiceIsRefused() async throws {
        let found = try await problems { $0.insert($0[0], at: 1) }
        #expect(found.count == 1 && found[0].contains("schema/pre-data.sql: it is there twice"), "\(found)")
    }

    @Test func membersWhoseContentsWereExchangedAreBothNamed() async throws {
        let found = try await problems { members in
            let (one, other) = (
                try index("000001-users/000001", in: members), try index("000001-users/000002", in: members)
            )
            let name = members[one].entry.name
            members[one].entry = renamed(members[one].entry, members[other].entry.name)
            members[other].entry = renamed(members[other].entry, name)
        }
        #expect(found.contains { $0.contains("000001-users/000001.copy: ") }, "\(found)")
        #expect(found.contains { $0.contains("000001-users/000002.copy: ") }, "\(found)")
    }

    @Test func chunksOfTwoTablesThatWereExchangedAreBothNamed() async throws {
        let found = try await problems { members in
            let (one, other) = (
                try index("000001-users/000001", in: members), try index("000002-keys/000001", in: members)
            )
            let name = members[one].entry.name
            members[one].entry = renamed(members[one].entry, members[other].entry.name)
            members[other].entry = renamed(members[other].entry, name)
            members.swapAt(one, other)
        }
        #expect(found.contains { $0.contains("000001-users/000001.copy: ") }, "\(found)")
        #expect(found.contains { $0.contains("000002-keys/000001.copy: ") }, "\(found)")
    }

    private func renamed(_ entry: ZipEntry, _ name: String) -> ZipEntry {
        ZipEntry(
            name: name,
            method: entry.method,
            crc: entry.crc,
            rawBytes: entry.rawBytes,
            storedBytes: entry.storedBytes
        )
    }

    @Test func membersInAnotherOrderThanTheirRecordsAreFound() async throws {
        // Two records exchange their places in the central directory, and nothing else.
        let archive = try Sample.small()
        let directory = try ZipDirectory(MemorySource(archive))
        var records = directory.entries.map(\.directoryHeader)
        records.swapAt(0, 1)
        let end = archive.suffix(22)
        let report = try await verify(Array(archive[..<directory.offset]) + records.flatMap { $0 } + end)
        #expect(!report.isWhole)
    }

    @Test func aLocalHeaderThatDisagreesWithTheDirectoryIsNamed() async throws {
        for offset in [14, 18, 22] {
            let found = try await problems { members in
                let header = members[1].entry.localHeader
                members[1].localHeader = header.setting(UInt32(7), at: offset)
            }
            #expect(found.contains { $0.hasPrefix("data/000001-users/000001.copy: ") }, "\(offset): \(found)")
        }
    }

    /// A manifest that was edited, in a ZIP that is right in itself: what it says no longer fits what is there.
    @Test(arguments: [
        (#""rows" : 40"#, #""rows" : 41"#), (#""rows" : 42"#, #""rows" : 43"#),
        (#""rawBytes" : "#, #""rawBytes" : 1"#), (#""storedBytes" : "#, #""storedBytes" : 1"#),
        (#""digest" : ""#, #""digest" : "0"#), (#""sha256" : ""#, #""sha256" : "0"#),
        (#"users/000001.copy"#, #"users/000009.copy"#), (#""isBinary" : true"#, #""isBinary" : false"#),
    ])
    func anEditedManifestIsFound(_ old: String, _ new: String) async throws {
        let archive = try Sample.small()
        let text = try Rebuilding.manifest(of: archive)
        // The manifest may be written with or without blanks around its colons.
        let compact = { (text: String) in text.replacing(" : ", with: ":") }
        let (old, new) = text.contains(" : ") ? (old, new) : (compact(old), compact(new))
        try #require(text.contains(old), "\(text)")
        let range = try #require(text.firstRange(of: old))
        let edited = text.replacingCharacters(in: range, with: new)
        let report = try await verify(Rebuilding.replacingManifest(of: archive, by: edited))
        #expect(!report.isWhole, "\(old)")
    }

    /// A thousand archives changed at random: nothing crashes, nothing hangs, and nothing that was changed passes.
    @Test func randomDamageNeverPasses() async throws {
        let archive = try Sample.small()
        var generator = SeededGenerator(seed: 20_261_123)
        for round in 0..<1000 {
            var damaged = archive
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let position = Int.random(in: 0..<damaged.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: damaged[position] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: damaged.remove(at: position)
                case 2: damaged.insert(UInt8.random(in: .min ... .max, using: &generator), at: position)
                default: damaged.removeSubrange(position..<min(damaged.count, position + 40))
                }
                if damaged.isEmpty { break }
            }
            guard damaged != archive else { continue }
            let report = try await verify(damaged)
            #expect(!report.isWhole, "round \(round)")
        }
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
