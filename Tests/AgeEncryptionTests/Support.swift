import Storage
import Synchronization

@testable import AgeEncryption

/// A sink in memory.
final class MemorySink: ByteSink {
    private let taken = Mutex<[UInt8]>([])
    var bytes: [UInt8] { taken.withLock(\.self) }
    var byteCount: Int { bytes.count }
    func append(_ bytes: UnsafeRawBufferPointer) { taken.withLock { $0.append(contentsOf: bytes) } }
}

/// Bytes that show where they are: no two chunks are equal.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8 ^ $0 >> 16) } }

/// `content`, encrypted as a backup is, in pieces of `step` bytes.
func sealed(
    _ content: [UInt8],
    for audience: AgeAudience,
    step: Int = 10_000
) throws -> (bytes: [UInt8], key: AgeFileKey) {
    let sink = MemorySink()
    let age = try AgeSink(sink, for: audience)
    for start in stride(from: 0, to: content.count, by: step) {
        try content[start..<min(start + step, content.count)].withUnsafeBytes { try age.append($0) }
    }
    try age.finish()
    return (sink.bytes, age.fileKey)
}

/// The content of an encrypted file in memory.
func opened(_ bytes: [UInt8], _ identities: [AgeIdentity]) throws -> AgeSource {
    let source = MemorySource(bytes)
    let header = try AgeHeader(source)
    return try AgeSource(source, header, try header.fileKey(identities), name: "memory")
}

extension AgeSource {
    func content() throws -> [UInt8] { try bytes(at: 0, count: byteCount) }
}

func ageError(_ body: () throws -> Void) -> AgeError? {
    do {
        try body()
        return nil
    } catch {
        return error as? AgeError
    }
}
