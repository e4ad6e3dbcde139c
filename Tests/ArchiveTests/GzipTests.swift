import Archive
import Storage
import Synchronization
import Testing

@Suite struct GzipTests {
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

    private func unpacked(_ bytes: [UInt8], step: Int = .max, buffer: Int = 1000) throws -> [UInt8] {
        var position = 0
        var reader = try GzipReader(name: "x.gz") { memory in
            let count = min(memory.count, step, bytes.count - position)
            memory.copyBytes(from: bytes[position..<(position + count)])
            position += count
            return count
        }
        var result: [UInt8] = []
        var memory = [UInt8](repeating: 0, count: buffer)
        while true {
            let count = try memory.withUnsafeMutableBytes { try reader.read(into: $0) }
            guard count > 0 else { return result }
            result += memory[..<count]
        }
    }

    private let text = (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 7) }

    @Test func packedBytesAreUnpackedUnchanged() throws {
        for level in [0, 1, 9] { #expect(try unpacked(try packed(text, level: level)) == text) }
        #expect(try unpacked(try packed([])) == [])
    }

    @Test func anySizeOfReadingDoes() throws {
        let bytes = try packed(Array(text.prefix(5000)))
        for (step, buffer) in [(1, 1), (1, 4096), (7, 3), (.max, 5000), (.max, 1)] {
            #expect(try unpacked(bytes, step: step, buffer: buffer) == Array(text.prefix(5000)))
        }
    }

    @Test func severalMembersAndPaddingAreOneText() throws {
        let bytes = try packed(Array("one ".utf8)) + packed(Array("two".utf8)) + [0, 0, 0]
        for step in [1, 5, .max] { #expect(try unpacked(bytes, step: step) == Array("one two".utf8)) }
    }

    @Test func aFileThatIsCutOffIsAnError() throws {
        let bytes = try packed(text)
        for length in [0, 5, bytes.count / 2, bytes.count - 1] {
            let error = #expect(throws: ArchiveError.self) { try unpacked(Array(bytes.prefix(length))) }
            #expect(error?.description == "x.gz is damaged: it ends early: the file is cut off")
        }
    }

    @Test func everyDamageIsAnError() throws {
        let bytes = try packed(text)
        for place in [0, 1, bytes.count / 2, bytes.count - 5] {
            var damaged = bytes
            damaged[place] ^= 0x10
            #expect(throws: ArchiveError.self, "byte \(place)") { try unpacked(damaged) }
        }
        #expect(throws: ArchiveError.self) { try unpacked(bytes + Array("garbage".utf8)) }
        #expect(throws: ArchiveError.self) { try unpacked(Array("SELECT 1;".utf8)) }
    }
}
