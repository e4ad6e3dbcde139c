import Testing

@testable import Archive

/// The engines write DEFLATE that other programs can read, and stay within the given space.
@Suite struct EngineTests {
    private func rows(_ bytes: Int) -> [UInt8] {
        var (text, number) = ([UInt8](), 0)
        text.reserveCapacity(bytes + 100)
        while text.count < bytes {
            number += 1
            text +=
                "\(number)\t\(number * 7919 % 100_003)\tuser\(number)@example.org\t\\N\t2026-11-\(number % 28 + 1)\n"
                .utf8
        }
        return Array(text.prefix(bytes))
    }

    /// Empty, tiny, a chunk of rows and one of noise, zeros, and half of each.
    private func texts() -> [[UInt8]] {
        var generator = SeededGenerator(seed: 11)
        let noise = generator.bytes(2 << 20)
        let zeros = [UInt8](repeating: 0, count: 3 << 20)
        return [[], [7], Array("a\tb\n".utf8), rows(8 << 20), noise, zeros, noise.prefix(1 << 20) + rows(1 << 20)]
    }

    @Test func everyEngineIsReadByLibdeflateAndByZlib() throws {
        let texts = texts()
        for compression in try Compression.samples {
            let deflater = Deflater(compression)
            for (number, text) in texts.enumerated() {
                let room = text.count + text.count / 8 + 1000
                let packed = pack(text, deflater, room: room)
                let stored = try #require(packed, "text \(number), \(compression)")
                var whole = [UInt8](repeating: 1, count: text.count)
                let isWhole = stored.withUnsafeBytes { stored in
                    whole.withUnsafeMutableBytes { Inflater().unpack(stored, into: $0) }
                }
                #expect(isWhole && whole == text, "text \(number), \(compression)")
                var streamed: [UInt8] = []
                var stream = InflateStream()
                let isTaken = try stored.withUnsafeBytes { try stream.unpack($0) { streamed.append(contentsOf: $0) } }
                #expect(isTaken && stream.isFinished && stream.endsInZeros, "text \(number), \(compression)")
                #expect(streamed == text, "text \(number), \(compression)")
            }
        }
    }

    /// Each engine on the same rows, which become at most half as large. Earlier input does not affect later output.
    @Test func anEngineForgetsWhatItPackedBefore() throws {
        let text = rows(300_000)
        for compression in try Compression.samples {
            let deflater = Deflater(compression)
            let first = pack(text, deflater, room: text.count)
            let tooMuch = pack(rows(500_000), deflater, room: 5000)
            let second = pack(text, deflater, room: text.count)
            #expect((first?.count ?? .max) < text.count / 2, "\(compression)")
            #expect(tooMuch == nil, "\(compression)")
            #expect(second == first, "\(compression)")
        }
    }

    @Test func nothingIsWrittenBeyondTheGivenSpace() throws {
        let texts = [rows(100_000), SeededGenerator.noise(100_000)]
        for compression in try Compression.samples {
            let deflater = Deflater(compression)
            for text in texts {
                let packed = pack(text, deflater, room: 200_000)
                let size = try #require(packed?.count)
                // Some engines need a few bytes more than they write.
                for room in [
                    0, 1, 7, 8, 9, 300, 8192, size / 2, size - 9, size - 8, size - 1, size, size + 1, size + 64,
                ] {
                    var output = [UInt8](repeating: 0xa5, count: room + 1024)
                    let count = text.withUnsafeBytes { text in
                        output.withUnsafeMutableBytes {
                            deflater.pack(text, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<room]))
                        }
                    }
                    #expect(output[room...].allSatisfy { $0 == 0xa5 }, "\(room) of \(size), \(compression)")
                    if room < size { #expect(count == nil, "\(room) of \(size), \(compression)") }
                    if room == size + 64 { #expect(count == size, "\(compression)") }
                }
            }
        }
    }

    @Test(arguments: [1, 1000, 65_536])
    func piecesMakeOneStream(_ limit: Int) throws {
        let text = rows(limit == 1 ? 3000 : 200_000)
        var streams = [
            text.withUnsafeBytes { text in
                [UInt8](unsafeUninitializedCapacity: 400_000) { room, count in
                    count =
                        ZlibDeflater(level: 1).pack(text, into: UnsafeMutableRawBufferPointer(room), limit: limit) ?? 0
                }
            }
        ]
        #if Igzip
        streams += (1...3).map { level in
            text.withUnsafeBytes { text in
                [UInt8](unsafeUninitializedCapacity: 400_000) { room, count in
                    count =
                        IgzipDeflater(level: level).pack(text, into: UnsafeMutableRawBufferPointer(room), limit: limit)
                        ?? 0
                }
            }
        }
        #endif
        for (number, stream) in streams.enumerated() {
            var whole = [UInt8](repeating: 0, count: text.count)
            let isWhole = stream.withUnsafeBytes { stream in
                whole.withUnsafeMutableBytes { Inflater().unpack(stream, into: $0) }
            }
            #expect(isWhole && whole == text, "stream \(number)")
        }
    }

    @Test func levelOneIsTheFastestEngineAndTheOthersAreLibdeflate() throws {
        #expect(try Compression().engine == (Compression.Engine.igzip.isBuiltIn ? .igzip : .deflate))
        for level in [0] + Array(2...12) { #expect(try Compression(level: level).engine == .deflate) }
        #expect(try Compression(engine: .deflate).engine == .deflate)
        let error = archiveError { _ = try Compression(level: 13) }
        #expect(error?.description == "compression level 13 is not between 0 and 12")
    }

    @Test func anEngineThatIsNotBuiltInIsSaidToBeMissing() throws {
        let error = archiveError { _ = try Compression(engine: .igzip, level: 1) }
        if Compression.Engine.igzip.isBuiltIn {
            #expect(error == nil)
        } else {
            #expect(error?.code == .compression)
            #expect(error?.description == "this granary was built without igzip")
        }
    }

    private func pack(_ text: [UInt8], _ deflater: borrowing Deflater, room: Int) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: room)
        let count = text.withUnsafeBytes { text in output.withUnsafeMutableBytes { deflater.pack(text, into: $0) } }
        return count.map { Array(output[..<$0]) }
    }
}

extension SeededGenerator {
    fileprivate static func noise(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 3)
        return generator.bytes(count)
    }
}
