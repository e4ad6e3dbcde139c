import Testing

@testable import Archive

/// Manifests that are not in granary's format.
@Suite struct ManifestShapeTests {
    /// The finding for a valid ZIP with `text` as its manifest. Opening the archive fails with the same message.
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
        ("{\"format\":01}", "has an invalid number"), ("{'format':1}", "is not JSON"),
        ("[]", "is not an object"), ("null", "is not an object"), ("1", "is not an object"),
        ("\"format\"", "is not an object"), ("[{\"format\":1}]", "is not an object"), ("{}", "lacks the key format"),
        ("{\"Format\":1}", "lacks the key format"), ("{\"format\":null}", "has no value at format"),
        ("{\"format\":\"1\"}", "has an invalid value at format"),
        ("{\"format\":1.5}", "has an invalid number"),
        ("{\"format\":1e30}", "has an invalid number"),
        ("{\"format\":true}", "has an invalid value at format"),
        ("{\"format\":[]}", "has an invalid value at format"),
        ("{\"format\":0}", "has an invalid format number at format"),
        ("{\"format\":-1}", "has an invalid format number at format"),
        ("{\"format\":1}", "lacks the key granary"),
    ])
    func aFileThatIsNotAManifestIsRefused(_ text: String, _ problem: String) async throws {
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

    /// A wrong value in an otherwise correct manifest. The message names its place, not the value.
    @Test(arguments: [
        ("\"oid\" : 16384", "\"oid\" : -1", "has an invalid number"),
        ("\"oid\" : 16384", "\"oid\" : 4294967296", "has an invalid number"),
        ("\"oid\" : 16384", "\"oid\" : \"secret\"", "has an invalid value at tables[0].oid"),
        ("\"oid\" : 16384", "\"oid\" : null", "has no value at tables[0].oid"),
        ("\"rows\" : 40", "\"rows\" : \"40\"", "has an invalid value at tables[0].chunks[0].rows"),
        ("\"rows\" : 40", "\"rows\" : 40.5", "has an invalid number"),
        ("\"rows\" : 40", "\"rows\" : -40", "has an invalid number at tables[0].chunks[0].rows"),
        ("\"rows\" : 40", "\"rows\" : 72057594037927937", "has an invalid number at tables[0].chunks[0].rows"),
        (
            "\"rows\" : 40", "\"rows\" : 9223372036854775807",
            "has an invalid number at tables[0].chunks[0].rows"
        ),
        (
            "\"rows\" : 40", "\"rows\" : 9223372036854775808",
            "has an invalid number"
        ),
        ("\"isBinary\" : true", "\"isBinary\" : 1", "has an invalid value at tables[1].chunks[1].isBinary"),
        ("\"kind\" : \"ordinary\"", "\"kind\" : \"strange\"", "has an invalid value at tables[0].kind"),
        ("\"digest\" : \"", "\"digest\" : \"0", "has an invalid value at tables[0].digest"),
        ("\"roles\" : [", "\"roles\" : [[", "is not JSON"),
        ("\"number\" : 2", "\"number\" : 1", "has the number of another table at tables[1].number"),
    ])
    func aValueThatCannotBeIsNamedByItsPlace(_ old: String, _ new: String, _ problem: String) async throws {
        let archive = try Rebuilding.editingManifest(of: Sample.small(), old, new)
        let report = try await verify(archive)
        let expected = report.sentences.filter { !$0.contains("largeObjects") }
        #expect(expected == ["manifest.json: \(problem)"])
        #expect(archiveError { _ = try ArchiveReader(MemorySource(archive)) }?.code == .format)
        #expect(!report.sentences.contains { $0.contains("secret") })
    }

    /// Sixteen lower-case digits, but no other text that Swift would parse as a number.
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
                == ["manifest.json: has an invalid value at tables[0].digest"]
        )
        #expect(try ArchiveReader(MemorySource(archive("0123456789abcdef"))).manifest.tables.count == 1)
    }

    @Test func theSumOfAllNumbersIsLimited() async throws {
        // Each of the 200 numbers is allowed, but their sum is not.
        let archive = try Rebuilding.changingManifest(of: Sample().finish()) {
            $0.files = (0..<200).map {
                .init(member: "\($0)", rawBytes: 1 << 56, storedBytes: 0, sha256: "")
            }
        }
        #expect(
            try await verify(archive).sentences == ["manifest.json: has an invalid number at files[127].rawBytes"]
        )
    }

    @Test(arguments: [600, 100_000]) func nestingWithoutEndIsNotFollowed(_ depth: Int) async throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            #expect(try await outcome("{\"format\":1,\"addedLater\":\(deep)}").code == .format)
            #expect(try await outcome(String(repeating: open, count: depth)).code == .format)
        }
    }

    /// Very many values in few bytes would need many times their size in memory, so they are refused before parsing.
    @Test func valuesThatAreTooDenseAreRefused() async throws {
        func text(_ count: Int, _ value: String) -> String {
            "{\"format\":1,\"later\":[" + String(repeating: value + ",", count: count) + value + "]}"
        }
        // The text has 1 brace, 2 colons, 1 comma and 1 bracket of its own, and 65,531 more commas.
        #expect(try await outcome(text((1 << 16) - 5, "0")).sentence == "manifest.json: lacks the key granary")
        let dense = "manifest.json: has too many values for its size"
        #expect(try await outcome(text((1 << 16) - 4, "0")).sentence == dense)
        // The same number of values in more bytes.
        #expect(try await outcome(text(70_000, "12345678")).sentence == "manifest.json: lacks the key granary")
        #expect(try await outcome(text(70_000, "123456")).sentence == dense)
        // Inside strings these characters are text.
        let quoted = "{\"format\":1,\"later\":\"" + String(repeating: ",[{:\\\"", count: 70_000) + "\"}"
        #expect(try await outcome(quoted).sentence == "manifest.json: lacks the key granary")
        #expect(
            try await outcome(quoted.replacing("\\\"", with: "\\\\")).sentence == "manifest.json: lacks the key granary"
        )
    }

    /// 16 MiB, or 50 times the stored size if that is more.
    @Test func aManifestMayUnpackToSixteenMebibytes() throws {
        #expect(ManifestFile.bytesMax(storedBytes: 0) == 16 << 20)
        #expect(ManifestFile.bytesMax(storedBytes: (16 << 20) / 50) == 16 << 20)
        #expect(ManifestFile.bytesMax(storedBytes: (16 << 20) / 50 + 1) == 16_777_250)
        #expect(ManifestFile.bytesMax(storedBytes: .max) == 50 << 32)
        for excess in [0, 1] {
            // Blanks are valid JSON around any value.
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
                        ? "manifest.json: is not JSON" : "manifest.json: 16777217 bytes exceed the size limit")
            )
        }
    }

    /// A manifest that compresses better than a reader accepts is stored uncompressed.
    @Test func aManifestCanBeReadHoweverWellItCompresses() throws {
        for (count, method) in [(1 << 20, ZipFormat.deflated), (17 << 20, ZipFormat.stored)] {
            var sample = try Sample()
            sample.manifest.environment = String(repeating: "a", count: count)
            let archive = try ArchiveReader(MemorySource(sample.finish()))
            #expect(archive.manifest.environment?.utf8.count == count)
            #expect(try archive.entry(Manifest.member).method == method)
        }
    }
}
