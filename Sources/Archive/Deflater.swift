internal import CDeflate

/// Compresses whole buffers. Holds the engine's tables, which are created once per worker.
enum Deflater: ~Copyable {
    case libdeflate(LibdeflateDeflater)
    case zlib(ZlibDeflater)
    #if Igzip
    case igzip(IgzipDeflater)
    #endif

    init(_ compression: Compression) {
        // The caller handles stored members, so level 0 never arrives here.
        let level = max(1, compression.level)
        switch compression.engine {
        case .deflate: self = .libdeflate(LibdeflateDeflater(level: level))
        case .zlib: self = .zlib(ZlibDeflater(level: level))
        case .igzip:
            #if Igzip
            self = .igzip(IgzipDeflater(level: level))
            #else
            preconditionFailure("no Compression has an engine that is not built in")
            #endif
        }
    }

    /// Compresses `input` into `output`; nil if it does not fit.
    func pack(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        switch self {
        case .libdeflate(let deflater): deflater.pack(input, into: output)
        case .zlib(let deflater): deflater.pack(input, into: output)
        #if Igzip
        case .igzip(let deflater): deflater.pack(input, into: output)
        #endif
        }
    }
}

struct LibdeflateDeflater: ~Copyable {
    private let compressor: OpaquePointer

    init(level: Int) {
        guard let compressor = libdeflate_alloc_compressor(CInt(level)) else { preconditionFailure("out of memory") }
        self.compressor = compressor
    }

    deinit { libdeflate_free_compressor(compressor) }

    func pack(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let count = libdeflate_deflate_compress(
            compressor,
            input.baseAddress,
            input.count,
            output.baseAddress,
            output.count
        )
        return count > 0 ? count : nil
    }
}

/// CRC-32 as in ZIP and gzip, in pieces or at once.
enum CRC32 {
    static func of(_ bytes: UnsafeRawBufferPointer, after crc: UInt32 = 0) -> UInt32 {
        libdeflate_crc32(crc, bytes.baseAddress, bytes.count)
    }
}
