internal import Archive
internal import Storage

/// Reads a source from a place on, through a buffer. Never leaves its thread.
final class SourceCursor {
    private let source: any ByteSource
    private let name: String
    private let end: Int
    private let buffer: UnsafeMutableRawBufferPointer
    /// The offset of the buffer's first byte, and how many bytes are in it.
    private var start: Int
    private var count = 0
    /// The offset of the next byte.
    private(set) var position: Int

    /// - Parameters:
    ///   - end: Where reading ends; nil for the end of the source.
    ///   - name: What errors call it.
    init(_ source: any ByteSource, at offset: Int, end: Int? = nil, name: String) {
        self.source = source
        self.name = name
        self.end = min(end ?? source.byteCount, source.byteCount)
        buffer = .allocate(byteCount: 256 << 10, alignment: 16)
        start = offset
        position = offset
    }

    deinit { buffer.deallocate() }

    var remaining: Int { max(0, end - position) }

    var broken: ArchiveError { .damagedDump(name, "it ends early or has an unknown form near byte \(position)") }

    func byte() throws -> UInt8 {
        guard try isFilled() else { throw broken }
        defer { position += 1 }
        return buffer[position - start]
    }

    /// - Throws: `ArchiveError.damaged` if there are fewer.
    func bytes(_ wanted: Int) throws -> [UInt8] {
        guard wanted <= remaining else { throw broken }
        return try [UInt8](unsafeUninitializedCapacity: wanted) { memory, initialized in
            while initialized < wanted {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(memory)[initialized..<wanted]
                )
                initialized += try read(into: rest)
            }
        }
    }

    /// Fills a part of `memory` and returns how many bytes that is; 0 at the end.
    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !memory.isEmpty, try isFilled() else { return 0 }
        let part = min(memory.count, start + count - position)
        memory.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: buffer[(position - start)..<(position - start + part)])
        )
        position += part
        return part
    }

    /// - Throws: `ArchiveError.damaged` if there are fewer bytes.
    func skip(_ bytes: Int) throws {
        guard bytes <= remaining else { throw broken }
        position += bytes
    }

    /// A sign and the value, least byte first: `ReadInt` of `pg_backup_archiver.c`.
    func integer(_ bytes: Int) throws -> Int {
        let isNegative = try byte() != 0
        var value: UInt64 = 0
        for index in 0..<bytes { value |= UInt64(try byte()) << (8 * index) }
        guard value <= UInt64(Int32.max) + (isNegative ? 1 : 0) else { throw broken }
        return isNegative ? -Int(value) : Int(value)
    }

    /// Whether there is a next byte in the buffer; fills it where it is used up.
    private func isFilled() throws -> Bool {
        if position < start + count { return true }
        let wanted = min(buffer.count, remaining)
        guard wanted > 0, position >= 0 else { return false }
        try source.read(at: position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
        (start, count) = (position, wanted)
        return true
    }
}

extension ArchiveError {
    static func damagedDump(_ name: String, _ problem: String) -> ArchiveError {
        ArchiveError(
            .damaged,
            at: FilePlace(name),
            problem,
            hint: "use another copy of the dump; granary verify lists all problems"
        )
    }
}
