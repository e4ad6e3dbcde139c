internal import Archive

/// A library that unpacks a stream of frames.
protocol FrameCodec: AnyObject {
    /// - Throws: `ArchiveError.io` if the library is not installed or has no memory.
    init(_ name: String) throws

    /// Unpacks as much as `memory` has room for; nil for bytes that it does not understand.
    ///
    /// - Returns: How many bytes it took and made, and how many it wants next: 0 between frames.
    func unpack(
        _ packed: UnsafeRawBufferPointer,
        into memory: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, made: Int, wanted: Int)?
}

/// Unpacks with a library that takes of its input what it likes.
final class FrameUnpacker: Unpacker {
    private let codec: any FrameCodec
    private let name: String
    private let source: PackedBytes
    private let memory: UnsafeMutableRawBufferPointer
    /// Input that the library has not taken.
    private var input: Range<Int> = 0..<0
    /// What the library wants next; 0 between frames.
    private var wanted = 0
    private var isAtEnd = false

    init(_ name: String, _ codec: any FrameCodec.Type, _ source: @escaping PackedBytes) throws {
        self.codec = try codec.init(name)
        self.name = name
        self.source = source
        memory = .allocate(byteCount: 256 << 10, alignment: 16)
    }

    deinit { memory.deallocate() }

    func read(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        while !output.isEmpty, !isAtEnd {
            if input.isEmpty { input = 0..<(try source(memory)) }
            let hasInput = !input.isEmpty
            guard let step = codec.unpack(UnsafeRawBufferPointer(rebasing: memory[input]), into: output) else {
                throw ArchiveError.damagedDump(name, "its content cannot be decompressed")
            }
            input = (input.lowerBound + step.taken)..<input.upperBound
            // At the end the library may still hold bytes that had no room.
            if hasInput || step.made > 0 { wanted = step.wanted }
            if step.made > 0 { return step.made }
            if !hasInput {
                guard wanted == 0 else { throw ArchiveError.damagedDump(name, "its content ends early") }
                isAtEnd = true
            }
        }
        return 0
    }
}

extension ArchiveError {
    static func noStart(_ name: String, _ library: String) -> ArchiveError {
        ArchiveError(.io, "\(name): \(library) could not be started", hint: "try again when more memory is free")
    }
}
