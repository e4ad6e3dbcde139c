internal import CZlib
internal import Glibc
package import Storage
internal import Synchronization

/// Compresses the bytes with gzip and passes them on, as one member (RFC 1952). `finish` ends it.
package final class GzipSink: ByteSink {
    private let sink: any ByteSink
    /// zlib keeps the address of the stream, so it must not move. Only the holder of the lock touches it.
    nonisolated(unsafe) private let stream: UnsafeMutablePointer<z_stream>
    nonisolated(unsafe) private let output: UnsafeMutableRawBufferPointer
    private let lock = Mutex<Void>(())

    /// - Parameter level: zlib's, from 0 (stored) to 9.
    /// - Throws: `ArchiveError` if zlib gets no memory.
    package init(_ sink: any ByteSink, level: Int = 1) throws {
        self.sink = sink
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        output = .allocate(byteCount: 256 << 10, alignment: 16)
        guard CZlib_deflateInit2(stream, CInt(min(max(level, 0), 9)), 16 + MAX_WBITS) == Z_OK else {
            throw ArchiveError(.io, "zlib could not be started")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// The number of bytes passed on, which are compressed.
    package var byteCount: Int { sink.byteCount }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            try pack(piece, Z_NO_FLUSH)
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Writes the remaining bytes and the checksum. Do not append anything after it.
    package func finish() throws { try pack(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH) }

    private func pack(_ input: UnsafeRawBufferPointer, _ flush: CInt) throws {
        var outcome: Result<Void, any Error> = .success(())
        lock.withLock { _ in outcome = Result { try packLocked(input, flush) } }
        try outcome.get()
    }

    private func packLocked(_ input: UnsafeRawBufferPointer, _ flush: CInt) throws {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        repeat {
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.count)
            guard deflate(stream, flush) != Z_STREAM_ERROR else { throw ArchiveError(.io, "zlib failed") }
            let count = output.count - Int(stream.pointee.avail_out)
            if count > 0 { try sink.append(UnsafeRawBufferPointer(rebasing: output[..<count])) }
        } while stream.pointee.avail_out == 0
    }
}
