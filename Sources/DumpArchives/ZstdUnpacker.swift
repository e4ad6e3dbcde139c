internal import Archive

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
        let library = try SystemLibrary("libzstd.so.1", package: "libzstd1")
        return ZstdLibrary(
            create: try library.function("ZSTD_createDStream", as: Create.self),
            free: try library.function("ZSTD_freeDStream", as: Free.self),
            decompress: try library.function("ZSTD_decompressStream", as: Decompress.self),
            isError: try library.function("ZSTD_isError", as: IsError.self)
        )
    }
}

/// `ZSTD_inBuffer` and `ZSTD_outBuffer`, which have the same layout.
struct ZstdBuffer {
    var memory: UnsafeMutableRawPointer?
    var size: Int
    var position = 0
}

final class ZstdUnpacker: Unpacker {
    private let library: ZstdLibrary
    private let stream: OpaquePointer
    private let name: String
    private let input: PackedInput
    /// What the library wants next; 0 between frames.
    private var wanted = 0

    init(_ name: String, _ source: @escaping PackedBytes) throws {
        library = try ZstdLibrary.loaded.get()
        self.name = name
        input = PackedInput(source)
        guard let stream = library.create() else {
            throw ArchiveError(.io, "\(name): libzstd could not be started")
        }
        self.stream = stream
    }

    deinit { _ = library.free(stream) }

    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        while !memory.isEmpty {
            let hasInput = try input.fetch()
            guard hasInput || wanted != 0 else { return 0 }
            var output = ZstdBuffer(memory: memory.baseAddress, size: memory.count)
            var packed = ZstdBuffer(
                memory: UnsafeMutableRawPointer(mutating: input.bytes.baseAddress),
                size: input.bytes.count
            )
            let outcome = library.decompress(stream, &output, &packed)
            guard library.isError(outcome) == 0 else {
                throw ArchiveError.damagedDump(name, "its content does not unpack")
            }
            input.take(packed.position)
            wanted = outcome
            if output.position > 0 { return output.position }
            guard hasInput else { throw ArchiveError.damagedDump(name, "its content ends early") }
        }
        return 0
    }
}
