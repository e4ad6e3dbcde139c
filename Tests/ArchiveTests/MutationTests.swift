import Testing

@testable import Archive

/// Random archives with random damage. The reader must not crash, hang or accept wrong content.
@Suite struct MutationTests {
    private struct Original {
        var bytes: [UInt8]
        var manifest: Manifest
        var contents: [String: [UInt8]]
    }

    @Test(arguments: 1...20) func damageIsFoundOrChangesNothing(_ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let original = try original(&generator)
        #expect(try await verify(original.bytes).sentences == [], "seed \(seed)")
        for round in 0..<100 {
            let bytes = mutation(of: original.bytes, &generator)
            guard bytes != original.bytes else { continue }
            let place: Comment = "seed \(seed), round \(round)"
            let report = try await Verification(MemorySource(bytes), jobs: 1).run()
            // Every byte of an archive has only one valid value.
            #expect(!report.isWhole, place)
            // Rows that are read without verification must also be correct.
            guard let archive = try? ArchiveReader(MemorySource(bytes)) else { continue }
            #expect(archive.manifest == original.manifest, place)
            for (name, content) in original.contents {
                guard let found = try? archive.contents(of: name) else { continue }
                #expect(found == content, place)
            }
            for chunk in archive.manifest.tables.flatMap(\.chunks) {
                guard let found = try? archive.rows(of: chunk).bytes else { continue }
                #expect(found == original.contents[chunk.member], place)
            }
        }
    }

    private func original(_ generator: inout SeededGenerator) throws -> Original {
        var sample = try Sample(Compression(level: Int.random(in: 0...9, using: &generator)))
        for table in 0..<Int.random(in: 0...3, using: &generator) {
            let chunks = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                (0..<Int.random(in: 1...30, using: &generator)).map { "\($0)\t\(generator.next() % 1000)" }
            }
            try sample.add(table: "t\(table)", chunks: chunks)
        }
        if !sample.manifest.tables.isEmpty, Bool.random(using: &generator) {
            try sample.add(binary: [generator.bytes(Int.random(in: 1...100, using: &generator))])
        }
        if Bool.random(using: &generator) { try sample.addLargeObjects(["1\t0\t\\\\x00"]) }
        for file in 0..<Int.random(in: 0...4, using: &generator) {
            let text = String(repeating: "-- \(file)\n", count: Int.random(in: 0...40, using: &generator))
            try sample.add(file: "migrations/\(file).sql", text)
        }
        let bytes = try sample.finish()
        let archive = try ArchiveReader(MemorySource(bytes))
        let contents = try archive.members.map { ($0, try archive.contents(of: $0)) }
        return Original(
            bytes: bytes,
            manifest: archive.manifest,
            contents: Dictionary(contents, uniquingKeysWith: { first, _ in first })
        )
    }

    /// Changes, removes, inserts or copies bytes, or cuts off the end.
    private func mutation(of bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
            switch Int.random(in: 0..<9, using: &generator) {
            case 0...2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 3: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator)!
            case 4: bytes.replaceSubrange(place..<end, with: generator.bytes(end - place))
            case 5: bytes.removeSubrange(place..<end)
            case 6: bytes.insert(contentsOf: generator.bytes(end - place), at: place)
            case 7:
                let other = Int.random(in: 0...(bytes.count - (end - place)), using: &generator)
                bytes.replaceSubrange(other..<(other + end - place), with: Array(bytes[place..<end]))
            default:
                // The numbers near the end are the most sensitive.
                let tail = max(0, bytes.count - Int.random(in: 1...200, using: &generator))
                bytes[tail] = UInt8.random(in: .min ... .max, using: &generator)
            }
            guard !bytes.isEmpty else { return [] }
        }
        return bytes
    }
}
