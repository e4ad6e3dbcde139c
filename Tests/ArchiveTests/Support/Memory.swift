import Storage
import Synchronization

@testable import Archive

/// A sink that keeps an archive in memory.
final class MemorySink: ByteSink {
    private let state = Mutex<[UInt8]>([])
    var byteCount: Int { state.withLock(\.count) }
    var bytes: [UInt8] { state.withLock { $0 } }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        state.withLock { $0.append(contentsOf: bytes) }
    }
}

/// A source for an archive in memory.
struct MemorySource: ByteSource {
    let bytes: [UInt8]
    var byteCount: Int { bytes.count }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else {
            throw StorageError.endsEarly("the file")
        }
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset...].prefix(buffer.count)))
        }
    }
}

/// A source for an archive in memory that counts the bytes read.
final class CountingSource: ByteSource {
    private let source: MemorySource
    private let count = Mutex(0)
    var byteCount: Int { source.byteCount }
    var bytesRead: Int { count.withLock { $0 } }

    init(_ bytes: [UInt8]) { source = MemorySource(bytes) }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        try source.read(at: offset, into: buffer)
        count.withLock { $0 += buffer.count }
    }
}

/// A file of any size that is zero except in a few places.
struct SparseSource: ByteSource {
    let byteCount: Int
    let places: [(offset: Int, bytes: [UInt8])]

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= byteCount, buffer.count <= byteCount - offset else {
            throw StorageError.endsEarly("the file")
        }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        for place in places {
            let start = max(offset, place.offset)
            let end = min(offset + buffer.count, place.offset + place.bytes.count)
            for position in start..<max(start, end) {
                buffer[position - offset] = place.bytes[position - place.offset]
            }
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            var position = 0
            while position < count {
                withUnsafeBytes(of: next()) {
                    let size = min(8, count - position)
                    raw[position..<(position + size)].copyBytes(from: $0[..<size])
                }
                position += 8
            }
            initialized = count
        }
    }
}

/// The `ArchiveError` that `body` throws; nil if it throws none.
func archiveError(_ body: () throws -> Void) -> ArchiveError? {
    do {
        try body()
        return nil
    } catch {
        return error as? ArchiveError
    }
}
