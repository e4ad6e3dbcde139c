internal import CDeflate
internal import CXXHash
internal import Crypto
internal import FoundationEssentials
internal import Synchronization

package struct Compression: Sendable, Equatable {
    package enum Engine: Sendable { case deflate, zlib }
    package var engine: Engine
    package var level: Int
    package init(engine: Engine = .deflate, level: Int = 1) { self.engine = engine; self.level = level }
}

package struct ChunkBuilder: ~Copyable {
    var raw: UnsafeMutableRawPointer
    var capacity: Int
    package private(set) var rawBytes = 0
    package private(set) var rows = 0
    package private(set) var digest = Digest()
    package private(set) var isBinary = false
    let target: Int
    let level: Int
    let compressor: OpaquePointer

    package init(compression: Compression, targetBytes: Int = 8 << 20) throws {
        target = targetBytes
        capacity = targetBytes + (1 << 20)
        raw = .allocate(byteCount: capacity, alignment: 16)
        level = compression.level
        compressor = libdeflate_alloc_compressor(CInt(max(1, compression.level)))
    }
    deinit { raw.deallocate(); libdeflate_free_compressor(compressor) }

    package var isFull: Bool { rawBytes >= target }
    package var isEmpty: Bool { rawBytes == 0 }

    @inline(__always)
    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        if rawBytes + bytes.count > capacity {
            let larger = max(capacity * 2, rawBytes + bytes.count)
            let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
            new.copyMemory(from: raw, byteCount: rawBytes)
            raw.deallocate()
            raw = new
            capacity = larger
        }
        (raw + rawBytes).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        rawBytes += bytes.count
    }

    @inline(__always)
    package mutating func append(_ row: UnsafeRawBufferPointer) {
        digest.add(Digest.hash(UnsafeRawBufferPointer(rebasing: row.dropLast())))
        put(row)
        rows += 1
    }

    package mutating func appendBinary(_ piece: UnsafeRawBufferPointer) {
        isBinary = true
        rows = 1
        put(piece)
    }

    mutating func seal() {
        if isBinary { digest.add(Digest.hash(UnsafeRawBufferPointer(start: raw, count: rawBytes))) }
    }
    mutating func reset() { rawBytes = 0; rows = 0; digest = Digest(); isBinary = false }
}

struct Entry: Sendable { var name: String; var crc: UInt32; var raw: Int; var packed: Int; var method: UInt16; var offset = 0 }

package final class ArchiveWriter: Sendable {
    private struct State { var offset = 0; var entries: [Entry] = []; var numbers: [String: Int] = [:] }
    private let sink: any ByteSink
    private let state = Mutex(State())
    package init(sink: any ByteSink) { self.sink = sink }
    package var bytesWritten: Int { state.withLock(\.offset) }

    package func append(_ chunk: inout ChunkBuilder, folder: String) throws -> Manifest.Chunk {
        chunk.seal()
        let input = UnsafeRawBufferPointer(start: chunk.raw, count: chunk.rawBytes)
        let crc = libdeflate_crc32(0, input.baseAddress, input.count)
        let bound = libdeflate_deflate_compress_bound(chunk.compressor, input.count)
        let out = UnsafeMutableRawPointer.allocate(byteCount: bound, alignment: 16)
        defer { out.deallocate() }
        var method: UInt16 = 8
        var packed = UnsafeRawBufferPointer(
            start: out, count: libdeflate_deflate_compress(chunk.compressor, input.baseAddress, input.count, out, bound))
        if chunk.level == 0 || packed.count == 0 || packed.count >= input.count { packed = input; method = 0 }
        let sha = SHA256.hash(data: packed).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let name = try state.withLock { state in
            state.numbers[folder, default: 0] += 1
            let digits = String(state.numbers[folder]!)
            let name = "\(folder)/\(String(repeating: "0", count: max(0, 6 - digits.count)) + digits).copy"
            try put(&state, Entry(name: name, crc: crc, raw: input.count, packed: packed.count, method: method), packed)
            return name
        }
        let result = Manifest.Chunk(
            member: name, rows: chunk.rows, rawBytes: input.count, storedBytes: packed.count, sha256: sha, isBinary: chunk.isBinary)
        chunk.reset()
        return result
    }

    package func add(_ name: String, _ contents: [UInt8]) throws -> Manifest.File {
        try contents.withUnsafeBytes { input in
            let crc = libdeflate_crc32(0, input.baseAddress, input.count)
            let sha = SHA256.hash(data: input).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            try state.withLock { state in
                try put(&state, Entry(name: name, crc: crc, raw: input.count, packed: input.count, method: 0), input)
            }
            return Manifest.File(member: name, rawBytes: input.count, storedBytes: input.count, sha256: sha)
        }
    }

    package func finish(_ manifest: Manifest) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        _ = try add("manifest.json", Array(try encoder.encode(manifest)))
        try state.withLock { state in
            let start = state.offset
            var directory: [UInt8] = []
            for e in state.entries {
                directory.put(0x0201_4b50 as UInt32)
                for f in [45 | 3 << 8, 45, 0x0800, e.method, 0, 0x21] as [UInt16] { directory.put(f) }
                directory.put(e.crc)
                directory.put(UInt64.max)
                for f in [UInt16(e.name.utf8.count), 28, 0, 0, 0] { directory.put(f) }
                directory.put(UInt32(0o100600) << 16)
                directory.put(UInt32.max)
                directory.append(contentsOf: e.name.utf8)
                for f in [1, 24] as [UInt16] { directory.put(f) }
                for v in [e.raw, e.packed, e.offset] { directory.put(UInt64(v)) }
            }
            let size = directory.count
            directory.put(0x0606_4b50 as UInt32); directory.put(44 as UInt64)
            for f in [45, 45] as [UInt16] { directory.put(f) }
            directory.put(0 as UInt64)
            for v in [state.entries.count, state.entries.count, size, start] { directory.put(UInt64(v)) }
            directory.put(0x0706_4b50 as UInt32); directory.put(0 as UInt32); directory.put(UInt64(start + size)); directory.put(1 as UInt32)
            directory.put(0x0605_4b50 as UInt32)
            for f in [0, 0, UInt16.max, UInt16.max] as [UInt16] { directory.put(f) }
            directory.put(UInt32.max); directory.put(UInt32.max); directory.put(0 as UInt16)
            try directory.withUnsafeBytes { try sink.append($0) }
            state.offset += directory.count
        }
    }

    private func put(_ state: inout State, _ entry: Entry, _ bytes: UnsafeRawBufferPointer) throws {
        var e = entry
        e.offset = state.offset
        var header: [UInt8] = []
        header.put(0x0403_4b50 as UInt32)
        for f in [45, 0x0800, e.method, 0, 0x21] as [UInt16] { header.put(f) }
        header.put(e.crc)
        header.put(UInt64.max)
        for f in [UInt16(e.name.utf8.count), 20] { header.put(f) }
        header.append(contentsOf: e.name.utf8)
        for f in [1, 16] as [UInt16] { header.put(f) }
        header.put(UInt64(e.raw)); header.put(UInt64(e.packed))
        try header.withUnsafeBytes { try sink.append($0) }
        try sink.append(bytes)
        state.offset += header.count + bytes.count
        state.entries.append(e)
    }
}

extension [UInt8] {
    mutating func put<T: FixedWidthInteger>(_ value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

package final class ArchiveReader: Sendable {
    let source: any ByteSource
    package let manifest: Manifest
    let entries: [String: Entry]

    package init(_ source: any ByteSource) throws {
        self.source = source
        func bytes(_ at: Int, _ count: Int) throws -> [UInt8] {
            var b = [UInt8](repeating: 0, count: count)
            try b.withUnsafeMutableBytes { try source.read(at: at, into: $0) }
            return b
        }
        func u(_ b: [UInt8], _ at: Int, _ n: Int) -> Int { (0..<n).reduce(0) { $0 | Int(b[at + $1]) << (8 * $1) } }
        let tail = try bytes(source.byteCount - 98, 98)
        let (count, size, start) = (u(tail, 32, 8), u(tail, 40, 8), u(tail, 48, 8))
        let d = try bytes(start, size)
        var at = 0
        var entries: [String: Entry] = [:]
        for _ in 0..<count {
            let n = u(d, at + 28, 2)
            let x = at + 46 + n + 4
            let name = String(decoding: d[(at + 46)..<(at + 46 + n)], as: UTF8.self)
            entries[name] = Entry(
                name: name, crc: UInt32(u(d, at + 16, 4)), raw: u(d, x, 8), packed: u(d, x + 8, 8), method: UInt16(u(d, at + 10, 2)), offset: u(d, x + 16, 8))
            at += 46 + n + 28
        }
        self.entries = entries
        let m = entries["manifest.json"]!
        let data = try bytes(m.offset + 30 + m.name.utf8.count + 20, m.packed)
        manifest = try JSONDecoder().decode(Manifest.self, from: Data(data))
    }
}

package struct ChunkReader: ~Copyable {
    private let decompressor = libdeflate_alloc_decompressor()!
    package init() {}
    deinit { libdeflate_free_decompressor(decompressor) }
    package mutating func read(
        _ chunk: Manifest.Chunk, of reader: ArchiveReader, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let e = reader.entries[chunk.member]!
        let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: e.packed, alignment: 16)
        defer { stored.deallocate() }
        try reader.source.read(at: e.offset + 30 + e.name.utf8.count + 20, into: stored)
        if e.method == 0 { return try body(UnsafeRawBufferPointer(stored)) }
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: e.raw, alignment: 16)
        defer { raw.deallocate() }
        var n = 0
        guard libdeflate_deflate_decompress(decompressor, stored.baseAddress, stored.count, raw.baseAddress, raw.count, &n) == LIBDEFLATE_SUCCESS else {
            throw ArchiveError(.damaged, "\(chunk.member) is damaged")
        }
        try body(UnsafeRawBufferPointer(raw))
    }
}
