import Testing

@testable import Archive

@Suite struct DigestTests {
    /// The digest of `text`, passed in slabs that end at `cuts`.
    private func digest(of text: [UInt8], cuts: [Int] = []) -> (rows: Int, digest: String, isComplete: Bool) {
        var digester = LineDigester()
        var start = 0
        for cut in cuts + [text.count] {
            text[start..<cut].withUnsafeBytes { digester.update($0) }
            start = cut
        }
        return (digester.rows, digester.digest.description, digester.isComplete)
    }

    private func digest(of text: String) -> (rows: Int, digest: String, isComplete: Bool) {
        digest(of: Array(text.utf8))
    }

    /// XXH3-64 of nothing is 2d06800538d394c2, according to its specification.
    @Test func theHashIsXXH3() {
        #expect(digest(of: "") == (0, "0000000000000000", true))
        #expect(digest(of: "\n") == (1, "2d06800538d394c2", true))
        #expect(digest(of: "\n\n") == (2, "5a0d000a71a72984", true))
        #expect(digest(of: "\n\n\n\n\n\n") == (6, "0e27001f54f57c8c", true))  // Past 2^64.
    }

    @Test func aLineWithoutNewlineIsNotARow() {
        #expect(digest(of: "1\tAda\n2\tGra") == (1, digest(of: "1\tAda\n").digest, false))
    }

    @Test func orderDoesNotMatterAndDuplicatesCount() {
        let (a, b) = ("1\tAda\n", "2\tGrace\n")
        #expect(digest(of: a + b) == digest(of: b + a))
        #expect(digest(of: a + a + b).digest != digest(of: a + b).digest)
        #expect(digest(of: a + a + b).digest != digest(of: a + b + b).digest)
        #expect(digest(of: a + a).digest != "0000000000000000")
        #expect(digest(of: a).digest != digest(of: b).digest)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func neitherOrderNorCutsNorChunksMatter(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        // Lengths on both sides of the limits where XXH3 changes its method: 16, 128, 240 and 1024 bytes.
        let lengths = [0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1024, 1025, 5000]
        var lines = (0..<200).map { _ in
            generator.bytes(lengths.randomElement(using: &generator)!).map { $0 == 10 ? 9 : $0 } + [10]
        }
        let expected = digest(of: Array(lines.joined()))
        #expect(expected.rows == 200, "seed \(seed)")
        for _ in 0..<10 {
            lines.shuffle(using: &generator)
            var text: [UInt8] = []
            for line in lines { text += line }
            let cuts = (0..<Int.random(in: 0...300, using: &generator))
                .map { _ in Int.random(in: 0...text.count, using: &generator) }.sorted()
            #expect(digest(of: text, cuts: cuts) == expected, "seed \(seed), cuts \(cuts)")
        }
        let few = Array(lines[..<20].joined())
        #expect(digest(of: few, cuts: Array(0..<few.count)) == digest(of: few), "seed \(seed)")
        // A chunk builder hashes row by row.
        var sum = Digest()
        var builder = ChunkBuilder(compression: try Compression(), targetBytes: 2000)
        let writer = ArchiveWriter(sink: MemorySink())
        for line in lines {
            line.withUnsafeBytes { builder.append($0) }
            if builder.isFull {
                sum.merge(builder.finalDigest)
                _ = try writer.append(&builder, folder: "data/x")
            }
        }
        sum.merge(builder.finalDigest)
        #expect(sum.description == expected.digest, "seed \(seed)")
        // A changed byte in one line changes the digest.
        let place = lines.firstIndex { $0.count > 1 }!
        lines[place][0] ^= 0x80
        #expect(digest(of: Array(lines.joined())).digest != expected.digest, "seed \(seed)")
    }
}
