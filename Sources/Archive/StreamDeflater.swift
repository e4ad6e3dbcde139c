internal import CZlib

#if Igzip
internal import CIsal
#endif

/// Engines with streams count bytes in 32 bits, so input and output are passed in pieces.
enum DeflatePieces {
    /// The result of a piece.
    struct Step {
        var read: Int
        var written: Int
        var isFinished: Bool
    }

    /// - Parameters:
    ///   - limit: The longest piece of either side.
    ///   - step: Compresses a piece and is told which is the last; nil if the engine fails.
    /// - Returns: How much of `output` was filled; nil if it is too small.
    static func pack(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        limit: Int,
        _ step: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer, _ isLast: Bool) -> Step?
    ) -> Int? {
        var (read, written) = (0, 0)
        while written < output.count {
            let piece = UnsafeRawBufferPointer(rebasing: input[read...].prefix(limit))
            let room = UnsafeMutableRawBufferPointer(rebasing: output[written...].prefix(limit))
            guard let step = step(piece, room, read + piece.count == input.count) else { return nil }
            read += step.read
            written += step.written
            if step.isFinished { return written }
        }
        return nil
    }
}

/// zlib keeps the address of its stream, so it must not move.
struct ZlibDeflater: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Negative: without a header, as in a ZIP.
        guard CZlib_deflateInit2(stream, CInt(level), -15) == Z_OK else { preconditionFailure("out of memory") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func pack(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        limit: Int = 1 << 30
    ) -> Int? {
        deflateReset(stream)
        return DeflatePieces.pack(input, into: output, limit: limit) { piece, room, isLast in
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: piece.assumingMemoryBound(to: UInt8.self).baseAddress
            )
            stream.pointee.avail_in = UInt32(piece.count)
            stream.pointee.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(room.count)
            let status = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            guard status == Z_OK || status == Z_BUF_ERROR || status == Z_STREAM_END else { return nil }
            return DeflatePieces.Step(
                read: piece.count - Int(stream.pointee.avail_in),
                written: room.count - Int(stream.pointee.avail_out),
                isFinished: status == Z_STREAM_END
            )
        }
    }
}

#if Igzip
/// igzip's stream has 80 KB including its tables, and each level needs memory from the caller.
struct IgzipDeflater: ~Copyable {
    private let stream: UnsafeMutablePointer<isal_zstream>
    private let memory: UnsafeMutablePointer<UInt8>

    init(level: Int) {
        stream = .allocate(capacity: 1)
        let bytes = CIsal_levelBytes(UInt32(level))
        memory = .allocate(capacity: Int(bytes))
        isal_deflate_init(stream)
        stream.pointee.level = UInt32(level)
        stream.pointee.level_buf = memory
        stream.pointee.level_buf_size = bytes
    }

    deinit {
        memory.deallocate()
        stream.deallocate()
    }

    func pack(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        limit: Int = 1 << 30
    ) -> Int? {
        isal_deflate_reset(stream)
        return DeflatePieces.pack(input, into: output, limit: limit) { piece, room, isLast in
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: piece.assumingMemoryBound(to: UInt8.self).baseAddress
            )
            stream.pointee.avail_in = UInt32(piece.count)
            stream.pointee.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(room.count)
            stream.pointee.end_of_stream = isLast ? 1 : 0
            guard isal_deflate(stream) == COMP_OK else { return nil }
            return DeflatePieces.Step(
                read: piece.count - Int(stream.pointee.avail_in),
                written: room.count - Int(stream.pointee.avail_out),
                isFinished: stream.pointee.internal_state.state == ZSTATE_END
            )
        }
    }
}
#endif
