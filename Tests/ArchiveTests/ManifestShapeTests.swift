import Testing

@testable import Archive

/// Manifests of another shape than ours.
@Suite struct ManifestShapeTests {
    /// What is found when the manifest is `text`, the ZIP being right; opening the archive fails with the same.
    private func outcome(_ text: String) async throws -> (code: ArchiveFailure, sentence: String, hint: String?) {
        let archive = try Rebuilding.replacingManifest(of: Sample().finish(), by: text)
        let error = try #require(archiveError { _ = try ArchiveReader(MemorySource(archive)) }, "\(text.prefix(60))")
        let report = try await verify(archive)
        #expect(report.problems.map(\.problem) == [error.message])
        return (error.code, error.description, error.hint)
    }

    @Test(arguments: [
        ("", "is not JSON"), (" ", "is not JSON"), ("{", "is not JSON"), ("hello", "is not JSON"),
        ("\u{0}", "is not JSON"), ("{\"format\":1", "is not JSON"), ("{\"format\":1}}", "is not JSON"),
        ("{\"format\":01}", "has a number that cannot be"), ("{'format':1}", "is not JSON"),
        ("[]", "is not an object"), ("null", "is not an object"), ("1", "is not an object"),
        ("\"format\"", "is not an object"), ("[{\"format\":1}]", "is not an object"), ("{}", "lacks the key format"),
        ("{\"Format\":1}", "lacks the key format"), ("{\"format\":null}", "has no value at format"),
        ("{\"format\":\"1\"}", "has a value that cannot be at format"),
        ("{\"format\":1.5}", "has a number that cannot be"),
        ("{\"format\":1e30}", "has a number that cannot be"),
        ("{\"format\":true}", "has a value that cannot be at format"),
        ("{\"format\":[]}", "has a value that cannot be at format"),
        ("{\"format\":0}", "has a format that never was at format"),
        ("{\"format\":-1}", "has a format that never was at format"),
        ("{\"format\":1}", "lacks the key granary"),
    ])
    func whatIsNoManifestIsNotTaken(_ text: String, _ problem: String) async throws {
        let outcome = try await outcome(text)
        #expect(outcome.code == .format)
        #expect(outcome.sentence == "manifest.json: \(problem)")
        #expect(outcome.hint == "name a file that granary backup wrote")
    }

    @Test(arguments: ["2", "3", "1000000", "9223372036854775807"])
    func aNewerFormatIsSaidAsOne(_ format: String) async throws {
        let outcome = try await outcome("{\"format\":\(format),\"tables\":\"somewhere else\"}")
        #expect(outcome.code == .newerFormat)
        #expect(
            outcome.sentence
                == "the archive was written by a newer granary (format \(format)); this one reads format 1"
        )
        #expect(outcome.hint == "upgrade granary")
    }

    /// One value of a manifest that is otherwise ours; the place is named, the value is not.
    @Test(arguments: [
        ("\"oid\" : 16384", "\"oid\" : -1", "has a number that cannot be"),
        ("\"oid\" : 16384", "\"oid\" : 4294967296", "has a number that cannot be"),
        ("\"oid\" : 16384", "\"oid\" : \"secret\"", "has a value that cannot be at tables[0].oid"),
        ("\"oid\" : 16384", "\"oid\" : null", "has no value at tables[0].oid"),
        ("\"rows\" : 40", "\"rows\" : \"40\"", "has a value that cannot be at tables[0].chunks[0].rows"),
        ("\"rows\" : 40", "\"rows\" : 40.5", "has a number that cannot be"),
        ("\"rows\" : 40", "\"rows\" : -40", "has a number that cannot be at tables[0].chunks[0].rows"),
        ("\"rows\" : 40", "\"rows\" : 72057594037927937", "has a number that cannot be at tables[0].chunks[0].rows"),
        (
            "\"rows\" : 40", "\"rows\" : 9223372036854775807",
            "has a number that cannot be at tables[0].chunks[0].rows"
        ),
        (
            "\"rows\" : 40", "\"rows\" : 9223372036854775808",
            "has a number that cannot be"
        ),
        ("\"isBinary\" : true", "\"isBinary\" : 1", "has a value that cannot be at tables[1].chunks[1].isBinary"),
        ("\"kind\" : \"ordinary\"", "\"kind\" : \"strange\"", "has a value that cannot be at tables[0].kind"),
        ("\"digest\" : \"", "\"digest\" : \"0", "has a value that cannot be at tables[0].digest"),
        ("\"roles\" : [", "\"roles\" : [[", "is not JSON"),
        ("\"number\" : 2", "\"number\" : 1", "has a table's number twice at tables[1].number"),
    ])
    func aValueThatCannotBeIsNamedByItsPlace(_ old: String, _ new: String, _ problem: String) async throws {
        let archive = try Rebuilding.editingManifest(of: Sample.small(), old, new)
        let report = try await verify(archive)
        let expected = report.sentences.filter { !$0.contains("largeObjects") }
        #expect(expected == ["manifest.json: \(problem)"])
        #expect(archiveError { _ = try ArchiveReader(MemorySource(archive)) }?.code == .format)
        #expect(!report.sentences.contains { $0.contains("secret") })
    }

    /// Sixteen digits in lower case, and nothing else that Swift would take for a number.
    @Test(arguments: [
        "0123456789ABCDEF", "+123456789abcdef", "-000000000000000", "0123456789abcde", "0x23456789abcdef",
    ])
    func aDigestIsWrittenInOneWay(_ digest: String) async throws {
        func archive(_ digest: String) throws -> [UInt8] {
            var sample = try Sample()
            try sample.add(table: "empty", chunks: [])
            return try Rebuilding.editingManifest(of: sample.finish(), "0000000000000000", digest)
        }
        #expect(
            try await verify(archive(digest)).sentences
                == ["manifest.json: has a value that cannot be at tables[0].digest"]
        )
        #expect(try ArchiveReader(MemorySource(archive("0123456789abcdef"))).manifest.tables.count == 1)
    }

    @Test func theSumOfAllNumbersIsLimited() async throws {
        // Each of 200 numbers may be, and all together may not.
        let archive = try Rebuilding.changingManifest(of: Sample().finish()) {
            $0.files = (0..<200).map {
                .init(member: "\($0)", rawBytes: 1 << 56, storedBytes: 0, sha256: "")
            }
        }
        #expect(
            try await verify(archive).sentences == ["manifest.json: has a number that cannot be at files[127].rawBytes"]
        )
    }

    @Test(arguments: [600, 100_000]) func nestingWithoutEndIsNotFollowed(_ depth: Int) async throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            #expect(try await outcome("{\"format\":1,\"addedLater\":\(deep)}").code == .format)
            #expect(try await outcome(String(repeating: open, count: depth)).code == .format)
        }
    }

    /// Values without end in few bytes would take dozens of times their size: refused before they are parsed.
    @Test func valuesThatAreTooDenseAreRefused() async throws {
        func text(_ count: Int, _ value: String) -> String {
            "{\"format\":1,\"later\":[" + String(repeating: value + ",", count: count) + value + "]}"
        }
        // Its own 1 brace, 2 colons, 1 comma and 1 bracket, and 65,531 commas.
        #expect(try await outcome(text((1 << 16) - 5, "0")).sentence == "manifest.json: lacks the key granary")
        let dense = "manifest.json: has more values than any manifest of that size"
        #expect(try await outcome(text((1 << 16) - 4, "0")).sentence == dense)
        // As many in more room.
        #expect(try await outcome(text(70_000, "12345678")).sentence == "manifest.json: lacks the key granary")
        #expect(try await outcome(text(70_000, "123456")).sentence == dense)
        // In strings it is text.
        let quoted = "{\"format\":1,\"later\":\"" + String(repeating: ",[{:\\\"", count: 70_000) + "\"}"
        #expect(try await outcome(quoted).sentence == "manifest.json: lacks the key granary")
        #expect(
            try await outcome(quoted.replacing("\\\"", with: "\\\\")).sentence == "manifest.json: lacks the key granary"
        )
    }

    /// 16 MiB, or 50 times the stored size where that is more.
    @Test func aManifestMayUnpackToSixteenMebibytes() throws {
        #expect(ManifestFile.bytesMax(storedBytes: 0) == 16 << 20)
        #expect(ManifestFile.bytesMax(storedBytes: (16 << 20) / 50) == 16 << 20)
        #expect(ManifestFile.bytesMax(storedBytes: (16 << 20) / 50 + 1) == 16_777_250)
        #expect(ManifestFile.bytesMax(storedBytes: .max) == 50 << 32)
        for excess in [0, 1] {
            // Blanks, which are JSON around any value.
            let raw = [UInt8](repeating: 32, count: (16 << 20) + excess)
            let stored = try raw.withUnsafeBytes { try Bomb.packed($0) }
            let crc = raw.withUnsafeBytes { CRC32.of($0) }
            let member = LooseMember(
                ZipEntry(
                    name: Manifest.member,
                    method: ZipFormat.deflated,
                    crc: crc,
                    rawBytes: raw.count,
                    storedBytes: stored.count
                ),
                stored
            )
            let error = archiveError { _ = try ArchiveReader(MemorySource(Rebuilding.zip([member]))) }
            #expect(
                error?.description
                    == (excess == 0
                        ? "manifest.json: is not JSON" : "manifest.json: 16777217 bytes are more than it may have")
            )
        }
    }

    /// A manifest that packs better than a reader believes is stored as it is.
    @Test func whatIsWrittenCanBeReadHoweverItPacks() throws {
        for (count, method) in [(1 << 20, ZipFormat.deflated), (17 << 20, ZipFormat.stored)] {
            var sample = try Sample()
            sample.manifest.environment = String(repeating: "a", count: count)
            let archive = try ArchiveReader(MemorySource(sample.finish()))
            #expect(archive.manifest.environment?.utf8.count == count)
            #expect(try archive.entry(Manifest.member).method == method)
        }
    }
}
