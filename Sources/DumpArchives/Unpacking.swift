internal import Archive

/// Fills the memory it is lent and says how many bytes it put there; 0 at the end.
typealias PackedBytes = (UnsafeMutableRawBufferPointer) throws -> Int

/// Unpacked bytes, pulled piece by piece, with memory that does not depend on how many there are. Never leaves its
/// thread.
protocol Unpacker: AnyObject {
    /// Fills `memory` from its beginning and returns how many bytes are there; 0 at the end.
    ///
    /// - Throws: `ArchiveError.damaged`, `.cutOff`; what the source throws.
    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int
}

extension DumpCompression {
    /// - Parameters:
    ///   - isFile: The bytes are a file of their own, whose gzip has a header.
    ///   - name: What errors call it.
    /// - Throws: `ArchiveError.io` if the library is not installed.
    func unpacker(_ name: String, isFile: Bool, _ source: @escaping PackedBytes) throws -> any Unpacker {
        switch self {
        case .none: StoredBytes(source)
        case .gzip: try GzipUnpacker(name, isFile: isFile, source)
        case .lz4: try LZ4Unpacker(name, source)
        case .zstd: try ZstdUnpacker(name, source)
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

    init(_ name: String, isFile: Bool, _ source: @escaping PackedBytes) throws {
        reader = try GzipReader(name: name, frame: isFile ? .gzip : .zlib, source: source)
    }

    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int { try reader.read(into: memory) }
}

/// Input of which a library takes what it likes.
final class PackedInput {
    private let source: PackedBytes
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    private(set) var bytes: UnsafeRawBufferPointer

    init(_ source: @escaping PackedBytes) {
        self.source = source
        bytes = UnsafeRawBufferPointer(start: memory.baseAddress, count: 0)
    }

    deinit { memory.deallocate() }

    /// Fetches more if there is nothing left; false at the end.
    func fetch() throws -> Bool {
        if bytes.isEmpty { bytes = UnsafeRawBufferPointer(rebasing: memory[..<(try source(memory))]) }
        return !bytes.isEmpty
    }

    func take(_ count: Int) { bytes = UnsafeRawBufferPointer(rebasing: bytes[count...]) }
}
