internal import Archive
internal import Storage

/// liblz4's frames. Source: `lz4frame.h`.
private struct LZ4Library: Sendable {
    typealias Create = @convention(c) @Sendable (UnsafeMutablePointer<OpaquePointer?>, UInt32) -> Int
    typealias Free = @convention(c) @Sendable (OpaquePointer?) -> Int
    typealias Decompress =
        @convention(c) @Sendable (
            OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>, UnsafeRawPointer?,
            UnsafeMutablePointer<Int>, UnsafeRawPointer?
        ) -> Int
    typealias IsError = @convention(c) @Sendable (Int) -> UInt32

    let create: Create
    let free: Free
    let decompress: Decompress
    let isError: IsError

    static let loaded = Result {
        let library = try SystemLibrary("liblz4.so.1", neededBy: "this dump", package: "liblz4-1")
        return LZ4Library(
            create: try library.function("LZ4F_createDecompressionContext", as: Create.self),
            free: try library.function("LZ4F_freeDecompressionContext", as: Free.self),
            decompress: try library.function("LZ4F_decompress", as: Decompress.self),
            isError: try library.function("LZ4F_isError", as: IsError.self)
        )
    }
}

final class LZ4Codec: FrameCodec {
    private let library: LZ4Library
    private let context: OpaquePointer

    init(_ name: String) throws {
        library = try LZ4Library.loaded.get()
        var context: OpaquePointer?
        // LZ4F_VERSION
        guard library.isError(library.create(&context, 100)) == 0, let context else {
            throw ArchiveError.noStart(name, "liblz4")
        }
        self.context = context
    }

    deinit { _ = library.free(context) }

    func unpack(
        _ packed: UnsafeRawBufferPointer,
        into memory: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, made: Int, wanted: Int)? {
        var (taken, made) = (packed.count, memory.count)
        let wanted = library.decompress(context, memory.baseAddress, &made, packed.baseAddress, &taken, nil)
        return library.isError(wanted) == 0 ? (taken, made, wanted) : nil
    }
}
