internal import Archive

extension DumpCompression {
    /// - Parameters:
    ///   - isFile: The bytes are a file of their own, whose gzip has a header.
    ///   - name: What errors call it.
    /// - Throws: `ArchiveError.io` if the library is not installed.
    func unpacker(_ name: String, isFile: Bool, _ source: @escaping PackedBytes) throws -> any Unpacker {
        switch self {
        case .none: StoredBytes(source)
        case .gzip: GzipUnpacker(name, isFile: isFile, source)
        case .lz4: try FrameUnpacker(name, LZ4Codec.self, source)
        case .zstd: try FrameUnpacker(name, ZstdCodec.self, source)
        }
    }
}

private final class StoredBytes: Unpacker {
    private let source: PackedBytes
    init(_ source: @escaping PackedBytes) { self.source = source }
    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int { try source(memory) }
}

private final class GzipUnpacker: Unpacker {
    private var reader: GzipReader

    init(_ name: String, isFile: Bool, _ source: @escaping PackedBytes) {
        reader = GzipReader(name: name, frame: isFile ? .gzip : .zlib, source: source)
    }

    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int { try reader.read(into: memory) }
}
