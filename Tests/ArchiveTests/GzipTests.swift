import Storage
import Synchronization
import Testing

@testable import Archive

/// Everything with each engine that was built in, since they read the same and refuse the same.
@Suite struct GzipTests {
    static let engines = StreamInflater.Engine.builtIn

    /// A sink that keeps the written bytes in memory.
    private final class Memory: ByteSink {
        private let state = Mutex<[UInt8]>([])
        var bytes: [UInt8] { state.withLock { $0 } }
        var byteCount: Int { state.withLock(\.count) }
        func append(_ bytes: UnsafeRawBufferPointer) throws {
            let copy = Array(bytes)
            state.withLock { $0 += copy }
        }
    }

    private func packed(_ text: [UInt8], level: Int = 1) throws -> [UInt8] {
        let memory = Memory()
        let sink = try GzipSink(memory, level: level)
        for start in stride(from: 0, to: text.count, by: 100_000) {
            try text[start..<min(start + 100_000, text.count)].withUnsafeBytes { try sink.append($0) }
        }
        try sink.finish()
        #expect(sink.byteCount == memory.bytes.count)
        return memory.bytes
    }

    /// The content, or what was unpacked before an error.
    private struct Outcome: Equatable {
        var bytes: [UInt8] = []
        var error: ArchiveError?
        static func == (one: Self, other: Self) -> Bool {
            one.bytes == other.bytes && (one.error == nil) == (other.error == nil)
        }
    }

    /// - Parameters:
    ///   - step: The size of the next piece that the source gives.
    ///   - room: The size of the next piece of memory.
    private func outcome(
        _ bytes: [UInt8],
        _ engine: StreamInflater.Engine,
        frame: GzipReader.Frame = .gzip,
        inputBuffer: Int = 256 << 10,
        step: @escaping () -> Int = { .max },
        room: () -> Int = { 1000 }
    ) -> Outcome {
        var position = 0
        var reader = GzipReader(name: "x.gz", bufferBytes: inputBuffer, frame: frame, engine: engine) { memory in
            let count = min(memory.count, step(), bytes.count - position)
            memory.copyBytes(from: bytes[position..<(position + count)])
            position += count
            return count
        }
        var outcome = Outcome()
        do {
            while true {
                var memory = [UInt8](repeating: 0, count: room())
                let count = try memory.withUnsafeMutableBytes { try reader.read(into: $0) }
                guard count > 0 else { return outcome }
                outcome.bytes += memory[..<count]
            }
        } catch {
            outcome.error = error as? ArchiveError
            #expect(outcome.error != nil, "\(error)")
            return outcome
        }
    }

    private func unpacked(
        _ bytes: [UInt8],
        _ engine: StreamInflater.Engine,
        frame: GzipReader.Frame = .gzip,
        step: Int = .max,
        buffer: Int = 1000
    ) throws -> [UInt8] {
        let outcome = outcome(bytes, engine, frame: frame, step: { step }, room: { buffer })
        if let error = outcome.error { throw error }
        return outcome.bytes
    }

    private func problem(
        _ bytes: [UInt8],
        _ engine: StreamInflater.Engine,
        frame: GzipReader.Frame = .gzip
    ) -> String? {
        outcome(bytes, engine, frame: frame).error?.message
    }

    private let text = (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 7) }

    @Test(arguments: engines) func packedBytesAreUnpackedUnchanged(_ engine: StreamInflater.Engine) throws {
        for level in [0, 1, 9] { #expect(try unpacked(try packed(text, level: level), engine) == text) }
        #expect(try unpacked(try packed([]), engine) == [])
    }

    @Test(arguments: engines) func anySizeOfReadingDoes(_ engine: StreamInflater.Engine) throws {
        let bytes = try packed(Array(text.prefix(5000)))
        for (step, buffer) in [(1, 1), (1, 4096), (7, 3), (.max, 5000), (.max, 1)] {
            #expect(try unpacked(bytes, engine, step: step, buffer: buffer) == Array(text.prefix(5000)))
        }
    }

    @Test(arguments: engines) func severalMembersAndPaddingAreOneText(_ engine: StreamInflater.Engine) throws {
        let bytes = try packed(Array("one ".utf8)) + packed(Array("two".utf8)) + [0, 0, 0]
        for step in [1, 5, .max] { #expect(try unpacked(bytes, engine, step: step) == Array("one two".utf8)) }
    }

    /// Rows, noise, zeros and runs of these, packed at any level, as gzip of one to three members or as zlib, arrive
    /// and are taken in pieces of any size.
    @Test func theEnginesGiveTheSameBytesInPiecesOfAnySize() throws {
        var generator = SeededGenerator(seed: 18)
        for round in 0..<40 {
            let frame: GzipReader.Frame = round.isMultiple(of: 3) ? .zlib : .gzip
            let texts = (0..<(frame == .zlib ? 1 : Int.random(in: 1...3, using: &generator))).map { _ in
                Self.anyText(&generator)
            }
            let bytes = try texts.flatMap { text in
                try Framed.bytes(text, frame, level: Int.random(in: 1...9, using: &generator))
            }
            let most = [1, 9, 700, 70_000, 1 << 20].randomElement(using: &generator)!
            let seed = generator.next()
            for engine in Self.engines {
                var (steps, rooms) = (SeededGenerator(seed: seed), SeededGenerator(seed: seed &+ 1))
                let outcome = outcome(
                    bytes,
                    engine,
                    frame: frame,
                    inputBuffer: min(most, 5000),
                    step: { Int.random(in: 1...most, using: &steps) },
                    room: { Int.random(in: 1...most, using: &rooms) }
                )
                #expect(outcome.error == nil, "round \(round), \(engine)")
                #expect(outcome.bytes == texts.flatMap(\.self), "round \(round), \(engine)")
            }
        }
    }

    private static func anyText(_ generator: inout SeededGenerator) -> [UInt8] {
        var text: [UInt8] = []
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let count = Int.random(in: 1...30_000, using: &generator)
            switch Int.random(in: 0...3, using: &generator) {
            case 0: text += generator.bytes(count)
            case 1: text += [UInt8](repeating: 7, count: 4 * count)
            case 2: text += text.suffix(count)
            default: text += (0..<(count / 20)).flatMap { Array("\($0)\tuser\(generator.next() % 1000)\t\\N\n".utf8) }
            }
        }
        return text
    }

    @Test(arguments: engines) func aFileThatIsCutOffIsAnError(_ engine: StreamInflater.Engine) throws {
        let bytes = try packed(text)
        for length in [0, 5, bytes.count / 2, bytes.count - 1] {
            let outcome = outcome(Array(bytes.prefix(length)), engine)
            #expect(outcome.error?.description == "x.gz is damaged: it ends early: the file is cut off")
            #expect(outcome.error?.code == .cutOff)
            #expect(text.starts(with: outcome.bytes))
        }
        // What was there has been given before.
        #expect(outcome(bytes.dropLast(), engine).bytes == text)
        #expect(outcome(Array(bytes.prefix(bytes.count / 2)), engine).bytes.count > 5000)
        let zlib = try Framed.bytes(text, .zlib)
        for length in [0, 1, 2, zlib.count / 2, zlib.count - 4, zlib.count - 1] {
            #expect(outcome(Array(zlib.prefix(length)), engine, frame: .zlib).error?.code == .cutOff)
        }
    }

    @Test(arguments: engines) func everyDamageIsAnError(_ engine: StreamInflater.Engine) throws {
        let bytes = try packed(text)
        for place in [0, 1, bytes.count / 2, bytes.count - 5] {
            var damaged = bytes
            damaged[place] ^= 0x10
            #expect(throws: ArchiveError.self, "byte \(place)") { try unpacked(damaged, engine) }
        }
        #expect(throws: ArchiveError.self) { try unpacked(bytes + Array("garbage".utf8), engine) }
        #expect(throws: ArchiveError.self) { try unpacked(Array("SELECT 1;".utf8), engine) }
    }

    /// A changed bit is an error unless the content is the same without it: the time in the header, the bits that fill the
    /// last byte, a match that could as well have been elsewhere.
    @Test(arguments: [GzipReader.Frame.gzip, .zlib])
    func theChecksumFindsEachByteThatWasChanged(_ frame: GzipReader.Frame) throws {
        let text = (0..<150).flatMap { Array("\($0)\tuser\($0 * 7919 % 1009)\n".utf8) }
        var generator = SeededGenerator(seed: 5)
        for level in [1, 6] {
            let bytes = try Framed.bytes(text, frame, level: level)
            var found = 0
            for place in bytes.indices {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                let outcomes = Self.engines.map { outcome(damaged, $0, frame: frame) }
                for outcome in outcomes where outcome.error == nil {
                    #expect(outcome.bytes == text, "byte \(place), level \(level)")
                }
                #expect(Set(outcomes.map { $0.error == nil }).count == 1, "byte \(place), level \(level)")
                found += outcomes[0].error == nil ? 0 : 1
            }
            #expect(found > bytes.count - 12)
        }
    }

    @Test(arguments: engines) func theProblemIsNamed(_ engine: StreamInflater.Engine) throws {
        let content = Array("some content".utf8)
        let gzip = try Framed.bytes(content, .gzip)
        let zlib = try Framed.bytes(content, .zlib)
        func changed(_ place: Int, _ value: UInt8) -> String? {
            var bytes = gzip
            bytes[place < 0 ? bytes.count + place : place] = value
            return problem(bytes, engine)
        }
        #expect(changed(1, 0) == "x.gz is damaged: incorrect header check")
        #expect(changed(2, 7) == "x.gz is damaged: unknown compression method")
        #expect(changed(3, 0x20) == "x.gz is damaged: unknown header flags set")
        #expect(changed(-8, gzip[gzip.count - 8] ^ 1) == "x.gz is damaged: incorrect data check")
        #expect(changed(-4, 99) == "x.gz is damaged: incorrect length check")
        #expect(problem(gzip + [1], engine) == "x.gz is damaged: it ends early: the file is cut off")
        #expect(problem(gzip + [0, 1, 2], engine) == "x.gz is damaged: incorrect header check")
        func begun(_ first: UInt8, _ second: UInt8) -> String? {
            problem([first, second] + zlib.dropFirst(2), engine, frame: .zlib)
        }
        #expect(begun(0x78, 0x02) == "x.gz is damaged: incorrect header check")
        #expect(begun(0x79, 0x18) == "x.gz is damaged: unknown compression method")
        #expect(begun(0x88, 0x1c) == "x.gz is damaged: invalid window size")
        #expect(begun(0x78, 0x20) == "x.gz is damaged: it needs a dictionary")
        for end in [[0], [1, 2]] as [[UInt8]] {
            #expect(problem(zlib + end, engine, frame: .zlib) == "x.gz is damaged: bytes follow its end")
        }
        #expect(problem(gzip, engine, frame: .zlib) == "x.gz is damaged: incorrect header check")
        #expect(problem(zlib, engine) == "x.gz is damaged: incorrect header check")
        // A block of the kind that does not exist, and a match before the beginning.
        #expect(problem(gzip.prefix(10) + [7], engine)?.contains("is damaged: invalid block") == true)
        #expect(problem(gzip.prefix(10) + [3, 2, 0, 0], engine) == "x.gz is damaged: invalid distance too far back")
    }

    /// Extra field, name and comment are skipped, and their checksum is compared.
    @Test(arguments: engines) func aLongHeaderIsRead(_ engine: StreamInflater.Engine) throws {
        let content = Array("some content".utf8)
        let rest = try Framed.bytes(content, .gzip).dropFirst(10)
        var header: [UInt8] = [0x1f, 0x8b, 8, 0x1e, 1, 2, 3, 4, 0, 3]
        header += [3, 0, 7, 0, 9]
        header += Array("shop.sql".utf8) + [0] + [UInt8](repeating: 0x61, count: 3000) + [0]
        let sum = header.withUnsafeBytes { CRC32.of($0) }
        let bytes = header + [UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 8)] + rest
        for step in [1, 7, .max] { #expect(try unpacked(bytes, engine, step: step) == content) }
        for place in [5, 12, 20, 100, header.count] {
            var damaged = bytes
            damaged[place] ^= 1
            #expect(problem(damaged, engine) == "x.gz is damaged: header crc mismatch")
        }
        #expect(outcome(Array(bytes.prefix(100)), engine).error?.code == .cutOff)
    }

    /// Each piece of output is as small as asked for, whatever the input becomes.
    @Test(arguments: engines) func aFewBytesThatBecomeManyAreReadPieceByPiece(_ engine: StreamInflater.Engine) throws {
        let zeros = [UInt8](repeating: 0, count: 8 << 20)
        let bytes = try Framed.bytes(zeros, .gzip)
        #expect(bytes.count < zeros.count / 200)
        var position = 0
        var reader = GzipReader(name: "x.gz", engine: engine) { memory in
            let count = min(memory.count, bytes.count - position)
            memory.copyBytes(from: bytes[position..<(position + count)])
            position += count
            return count
        }
        var memory = [UInt8](repeating: 1, count: 10_000 + 16)
        var total = 0
        while true {
            let count = try memory.withUnsafeMutableBytes {
                try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<10_000]))
            }
            #expect(memory.suffix(16).allSatisfy { $0 == 1 })
            guard count > 0 else { break }
            total += count
        }
        #expect(total == zeros.count)
    }
}

/// DEFLATE of zlib in either wrapper.
private enum Framed {
    static func bytes(_ text: [UInt8], _ frame: GzipReader.Frame, level: Int = 6) throws -> [UInt8] {
        let content = text.withUnsafeBytes { text in
            [UInt8](unsafeUninitializedCapacity: text.count + text.count / 8 + 1000) { room, count in
                count = ZlibDeflater(level: level).pack(text, into: UnsafeMutableRawBufferPointer(room)) ?? 0
            }
        }
        try #require(!content.isEmpty)
        switch frame {
        case .gzip:
            let sum = text.withUnsafeBytes { CRC32.of($0) }
            return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + content + number(sum).reversed()
                + number(UInt32(text.count)).reversed()
        case .zlib: return [0x78, 0x9c] + content + number(adler(text))
        }
    }

    /// The highest byte first.
    private static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
    }

    private static func adler(_ text: [UInt8]) -> UInt32 {
        var (low, high) = (UInt32(1), UInt32(0))
        for byte in text {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return high << 16 | low
    }
}
