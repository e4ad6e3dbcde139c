internal import Archive
internal import Storage

/// libzstd's streams. Source: `zstd.h`. Its window is at most 128 MiB, which bounds the memory.
private struct ZstdLibrary: Sendable {
    typealias Create = @convention(c) @Sendable () -> OpaquePointer?
    typealias Free = @convention(c) @Sendable (OpaquePointer?) -> Int
    typealias Decompress =
        @convention(c) @Sendable (
            OpaquePointer?, UnsafeMutableRawPointer, UnsafeMutableRawPointer
        ) -> Int
    typealias IsError = @convention(c) @Sendable (Int) -> UInt32

    let create: Create
    let free: Free
    let decompress: Decompress
    let isError: IsError

    static let loaded = Result {
        let library = try SystemLibrary("libzstd.so.1", neededBy: "this dump", package: "libzstd1")
        return ZstdLibrary(
            create: try library.function("ZSTD_createDStream", as: Create.self),
            free: try library.function("ZSTD_freeDStream", as: Free.self),
            decompress: try library.function("ZSTD_decompressStream", as: Decompress.self),
            isError: try library.function("ZSTD_isError", as: IsError.self)
        )
    }
}

/// `ZSTD_inBuffer` and `ZSTD_outBuffer`, which have the same layout.
private struct ZstdBuffer {
    var memory: UnsafeMutableRawPointer?
    var size: Int
    var position = 0
}

final class ZstdCodec: FrameCodec {
    private let library: ZstdLibrary
    private let stream: OpaquePointer

    init(_ name: String) throws {
        library = try ZstdLibrary.loaded.get()
        guard let stream = library.create() else { throw ArchiveError.noStart(name, "libzstd") }
        self.stream = stream
    }

    deinit { _ = library.free(stream) }

    func unpack(
        _ packed: UnsafeRawBufferPointer,
        into memory: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, made: Int, wanted: Int)? {
        var output = ZstdBuffer(memory: memory.baseAddress, size: memory.count)
        var input = ZstdBuffer(memory: UnsafeMutableRawPointer(mutating: packed.baseAddress), size: packed.count)
        let wanted = library.decompress(stream, &output, &input)
        return library.isError(wanted) == 0 ? (input.position, output.position, wanted) : nil
    }
}
