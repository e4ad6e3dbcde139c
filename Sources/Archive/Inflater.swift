internal import CDeflate

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

/// Decompresses piece by piece, for members that do not fit into memory. By zlib, which tells where a stream ends to the
/// bit.
struct InflateStream: ~Copyable {
    private let inflater = ZlibInflater()
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    private(set) var isFinished = false
    /// The stream usually ends inside a byte: whether the remaining bits of that byte are zero, as every compressor
    /// leaves them.
    private(set) var endsInZeros = true

    deinit { output.deallocate() }

    /// Passes the decompressed bytes to `body` in slabs of at most a mebibyte. False if `input` is not DEFLATE, or
    /// continues after the end of the stream.
    mutating func unpack(
        _ input: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        var (position, filled) = (0, 0)
        func lend() throws {
            if filled > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<filled])) }
            filled = 0
        }
        while !isFinished {
            let rest = UnsafeRawBufferPointer(rebasing: input[position...])
            let room = UnsafeMutableRawBufferPointer(rebasing: output[filled...])
            guard let step = try? inflater.unpack(rest, into: room, stopsBehindBlocks: true) else {
                try lend()
                return false
            }
            position += step.read
            filled += step.written
            isFinished = step.isFinished
            if let bits = inflater.unusedBits, position > 0 { endsInZeros = input[position - 1] >> (8 - bits) == 0 }
            if filled == output.count {
                try lend()
            } else if position == input.count, !inflater.isBehindBlock {
                break
            }
        }
        try lend()
        return position == input.count
    }
}
