internal import Archive

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
        let library = try SystemLibrary("liblz4.so.1", package: "liblz4-1")
        return LZ4Library(
            create: try library.function("LZ4F_createDecompressionContext", as: Create.self),
            free: try library.function("LZ4F_freeDecompressionContext", as: Free.self),
            decompress: try library.function("LZ4F_decompress", as: Decompress.self),
            isError: try library.function("LZ4F_isError", as: IsError.self)
        )
    }
}

final class LZ4Unpacker: Unpacker {
    private let library: LZ4Library
    private let context: OpaquePointer
    private let name: String
    private let input: PackedInput
    /// What the library wants next; 0 between frames.
    private var wanted = 0

    init(_ name: String, _ source: @escaping PackedBytes) throws {
        library = try LZ4Library.loaded.get()
        self.name = name
        input = PackedInput(source)
        var context: OpaquePointer?
        // LZ4F_VERSION
        guard library.isError(library.create(&context, 100)) == 0, let context else {
            throw ArchiveError(.io, "\(name): liblz4 could not be started")
        }
        self.context = context
    }

    deinit { _ = library.free(context) }

    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        while !memory.isEmpty {
            let hasInput = try input.fetch()
            var (taken, made) = (input.bytes.count, memory.count)
            let outcome = library.decompress(context, memory.baseAddress, &made, input.bytes.baseAddress, &taken, nil)
            guard library.isError(outcome) == 0 else {
                throw ArchiveError.damagedDump(name, "its content does not unpack")
            }
            input.take(taken)
            // At the end the library may still hold bytes that had no room.
            if hasInput || made > 0 { wanted = outcome }
            if made > 0 { return made }
            if !hasInput {
                guard wanted == 0 else { throw ArchiveError.damagedDump(name, "its content ends early") }
                return 0
            }
        }
        return 0
    }
}
