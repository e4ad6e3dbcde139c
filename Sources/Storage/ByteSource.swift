/// Reads ranges of an archive.
package protocol ByteSource: Sendable {
    var byteCount: Int { get }
    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// - Throws: `StorageError.endsEarly` if there are too few bytes, `.io`.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws
}

/// Bytes in memory.
package struct MemorySource: ByteSource {
    private let bytes: [UInt8]
    package var byteCount: Int { bytes.count }

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else {
            throw StorageError.endsEarly("memory")
        }
        buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
    }
}

extension ByteSource {
    /// A copy of a small range.
    package func bytes(at offset: Int, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }
}
