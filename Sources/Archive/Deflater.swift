internal import CDeflate
internal import CZlib

/// Packs whole buffers. Holds the engine's tables, which are made once for a worker.
struct Deflater: ~Copyable {
    /// Storage is a choice of the caller's, so level 0 never comes here.
    private let libdeflate: OpaquePointer?
    private let zlib: UnsafeMutablePointer<z_stream>?

    init(_ compression: Compression) {
        switch compression.engine {
        case .deflate:
            libdeflate = libdeflate_alloc_compressor(CInt(max(1, compression.level)))
            zlib = nil
        case .zlib:
            libdeflate = nil
            // zlib keeps the address of its stream, so it must not move.
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            CZlib_deflateInit2(stream, CInt(max(1, compression.level)), -15)  // Negative: no header, as in a ZIP.
            zlib = stream
        }
        precondition(libdeflate != nil || zlib != nil, "out of memory")
    }

    deinit {
        if let libdeflate { libdeflate_free_compressor(libdeflate) }
        if let zlib {
            deflateEnd(zlib)
            zlib.deallocate()
        }
    }

    /// Packs `input` into `output`; nil when it would not become smaller than `output` is.
    func pack(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        if let libdeflate {
            let count = libdeflate_deflate_compress(
                libdeflate,
                input.baseAddress,
                input.count,
                output.baseAddress,
                output.count
            )
            return count > 0 ? count : nil
        }
        return zlib.flatMap { packWithZlib($0, input, output) }
    }

    /// zlib counts in 32 bits, so both sides are handed over in pieces.
    private func packWithZlib(
        _ stream: UnsafeMutablePointer<z_stream>,
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        deflateReset(stream)
        let piece = 1 << 30
        var (read, written) = (0, 0)
        while true {
            let (give, room) = (min(piece, input.count - read), min(piece, output.count - written))
            guard room > 0 else { return nil }
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress.map { ($0 + read).assumingMemoryBound(to: UInt8.self) }
            )
            stream.pointee.avail_in = UInt32(give)
            stream.pointee.next_out = (output.baseAddress! + written).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            let isLast = read + give == input.count
            let status = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            read += give - Int(stream.pointee.avail_in)
            written += room - Int(stream.pointee.avail_out)
            if status == Z_STREAM_END { return written }
            guard status == Z_OK || status == Z_BUF_ERROR else { return nil }
        }
    }
}

/// CRC-32 as ZIP and gzip have it, in pieces or at once.
enum CRC32 {
    static func of(_ bytes: UnsafeRawBufferPointer, after crc: UInt32 = 0) -> UInt32 {
        libdeflate_crc32(crc, bytes.baseAddress, bytes.count)
    }
}
