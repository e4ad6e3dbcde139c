internal import CZlib
internal import Glibc

/// Decompresses gzip (RFC 1952) piece by piece, including several members in a row.
package struct GzipReader: ~Copyable {
    /// Fills the given memory and returns the number of bytes; 0 at the end.
    package typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    package enum Frame: Sendable {
        case gzip
        /// A single stream of RFC 1950, as pg_dump writes it.
        case zlib
    }

    private let source: Source
    /// The name of the file in errors.
    private let name: String
    private let frame: Frame
    /// zlib keeps the address of the stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var isInsideMember = true
    private var isAtEnd = false

    /// - Throws: `ArchiveError` if zlib gets no memory.
    package init(
        name: String,
        bufferBytes: Int = 256 << 10,
        frame: Frame = .gzip,
        source: @escaping Source
    ) throws {
        self.source = source
        self.name = name
        self.frame = frame
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: max(1, bufferBytes), alignment: 16)
        // Adding 16 selects gzip's frame instead of zlib's.
        guard CZlib_inflateInit2(stream, (frame == .gzip ? 16 : 0) + MAX_WBITS) == Z_OK else {
            throw ArchiveError(.io, "\(name): zlib could not be started")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    /// Fills `memory` from its beginning and returns the number of bytes: 0 at the end, otherwise possibly fewer than
    /// fit.
    ///
    /// - Throws: `ArchiveError.damaged` if the bytes are not gzip or do not match their checksum, `.cutOff` if they end
    ///   early; errors of the source.
    package mutating func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !isAtEnd, let base = memory.baseAddress, !memory.isEmpty else { return 0 }
        stream.pointee.next_out = base.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: memory.count)
        let wanted = Int(stream.pointee.avail_out)
        while Int(stream.pointee.avail_out) == wanted {
            guard isInsideMember else {
                if stream.pointee.avail_in == 0, try !fetch() {
                    isAtEnd = true
                    return 0
                }
                try beginMember()
                continue
            }
            // Before reading more: zlib may still hold output that had no room last time.
            switch inflate(stream, Z_NO_FLUSH) {
            case Z_OK, Z_BUF_ERROR:
                guard stream.pointee.avail_in == 0, Int(stream.pointee.avail_out) == wanted else { continue }
                guard try fetch() else { throw damaged("it ends early: the file is cut off", .cutOff) }
            case Z_STREAM_END: isInsideMember = false
            default: throw damaged(stream.pointee.msg.map { String(cString: $0) } ?? "zlib cannot read it")
            }
        }
        return wanted - Int(stream.pointee.avail_out)
    }

    private mutating func fetch() throws -> Bool {
        let count = try source(input)
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(count)
        return count > 0
    }

    /// After a member: zeros are padding, as on tapes; anything else must be another member.
    private mutating func beginMember() throws {
        if frame == .zlib { throw damaged("bytes follow its end") }
        while stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0 {
            stream.pointee.next_in += 1
            stream.pointee.avail_in -= 1
        }
        guard stream.pointee.avail_in > 0 else { return }
        inflateReset(stream)
        isInsideMember = true
    }

    private func damaged(_ reason: String, _ code: ArchiveFailure = .damaged) -> ArchiveError {
        ArchiveError(code, "\(name) is damaged: \(reason)", hint: "use another copy of the file")
    }
}
