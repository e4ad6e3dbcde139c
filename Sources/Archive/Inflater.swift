internal import CDeflate
internal import CZlib

/// Decompresses whole buffers, for members that fit into memory.
struct Inflater: ~Copyable {
    private let decompressor: OpaquePointer

    init() {
        guard let decompressor = libdeflate_alloc_decompressor() else { preconditionFailure("out of memory") }
        self.decompressor = decompressor
    }

    deinit { libdeflate_free_decompressor(decompressor) }

    /// Whether `input` is a DEFLATE stream of exactly `output.count` bytes, with nothing after it.
    func unpack(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        var read = 0
        var written = 0
        let status = libdeflate_deflate_decompress_ex(
            decompressor,
            input.baseAddress,
            input.count,
            output.baseAddress,
            output.count,
            &read,
            &written
        )
        return status == LIBDEFLATE_SUCCESS && read == input.count && written == output.count
    }
}

/// Decompresses piece by piece, for members that do not fit into memory.
struct InflateStream: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer
    private(set) var isFinished = false
    /// The stream usually ends inside a byte: whether the remaining bits of that byte are zero, as every compressor
    /// leaves them.
    private(set) var endsInZeros = true

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        CZlib_inflateInit2(stream, -15)
        output = .allocate(byteCount: 1 << 20, alignment: 16)
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// With `Z_BLOCK`, `inflate` stops there once. It does so even without progress, which it reports as an error.
    private var isBehindBlock: Bool { stream.pointee.data_type & 0x80 != 0 }
    private var isBehindLastBlock: Bool { stream.pointee.data_type & 0xc0 == 0xc0 }

    /// After the last block, `data_type` holds the number of unused bits of the last byte.
    private mutating func notePadding() {
        let left = stream.pointee.data_type & 7
        endsInZeros = left == 0 || stream.pointee.next_in[-1] >> UInt8(8 - left) == 0
    }

    /// Passes the decompressed bytes to `body` in slabs of at most a mebibyte. False if `input` is not DEFLATE, or
    /// continues after the end of the stream.
    mutating func unpack(
        _ input: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        emptyOutput()
        var isDeflate = true
        unpacking: while !isFinished {
            switch inflate(stream, Z_BLOCK) {
            case Z_STREAM_END: isFinished = true
            case Z_OK, Z_BUF_ERROR:
                if isBehindLastBlock { notePadding() }
                if stream.pointee.avail_out == 0 {
                    try body(filled)
                    emptyOutput()
                } else if stream.pointee.avail_in == 0, !isBehindBlock {
                    break unpacking
                }
            default:
                isDeflate = false
                break unpacking
            }
        }
        if !filled.isEmpty { try body(filled) }
        return isDeflate && stream.pointee.avail_in == 0
    }

    private var filled: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.pointee.avail_out))])
    }

    private func emptyOutput() {
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(output.count)
    }
}
