internal import CZlib

#if Igzip
internal import CIsal
#endif

/// Decompresses DEFLATE (RFC 1951) piece by piece. Wrappers and checksums are the caller's.
enum StreamInflater: ~Copyable {
    case zlib(ZlibInflater)
    #if Igzip
    case igzip(IgzipInflater)
    #endif

    enum Engine: Sendable, CaseIterable {
        case zlib
        /// ISA-L's igzip, which takes half of zlib's time. Available only if the package was built with its trait.
        case igzip

        static var builtIn: [Engine] { allCases.filter { $0 != .igzip || Compression.Engine.igzip.isBuiltIn } }
        static var fastest: Engine { Compression.Engine.igzip.isBuiltIn ? .igzip : .zlib }
    }

    /// The result of a piece.
    struct Step {
        /// The number of bytes taken from the input. At the end of the stream it may be negative: then the last
        /// `-read` bytes of the pieces before do not belong to the stream.
        var read: Int
        var written: Int
        /// Whether the stream has ended.
        var isFinished: Bool
    }

    /// The input is not DEFLATE.
    struct Failure: Error {
        var reason: String
    }

    /// As many bytes as `Step.read` can give back.
    static let returnedBytesMax = 8

    init(_ engine: Engine = .fastest) {
        switch engine {
        case .zlib: self = .zlib(ZlibInflater())
        case .igzip:
            #if Igzip
            self = .igzip(IgzipInflater())
            #else
            preconditionFailure("igzip is not built in")
            #endif
        }
    }

    /// Begins a new stream.
    func reset() {
        switch self {
        case .zlib(let inflater): inflater.reset()
        #if Igzip
        case .igzip(let inflater): inflater.reset()
        #endif
        }
    }

    /// Decompresses as much as there is input for, and room. Output may be held back if there is no room, so call it
    /// again, even without input, until it leaves room.
    ///
    /// - Parameters:
    ///   - input: At most 4 GiB.
    ///   - output: Not empty; at most 4 GiB are used.
    func unpack(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(Failure) -> Step {
        switch self {
        case .zlib(let inflater): try inflater.unpack(input, into: output)
        #if Igzip
        case .igzip(let inflater): try inflater.unpack(input, into: output)
        #endif
        }
    }
}

/// zlib keeps the address of its stream, so it must not move.
struct ZlibInflater: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Negative: without a header, as in a ZIP.
        guard CZlib_inflateInit2(stream, -MAX_WBITS) == Z_OK else { preconditionFailure("out of memory") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func reset() { inflateReset(stream) }

    /// Whether the last step has stopped behind a block.
    var isBehindBlock: Bool { stream.pointee.data_type & 0x80 != 0 }
    /// Behind the last block, and only there, the number of bits of the last byte that were not used.
    var unusedBits: Int? { stream.pointee.data_type & 0xc0 == 0xc0 ? Int(stream.pointee.data_type & 7) : nil }

    /// - Parameter stopsBehindBlocks: Stops once behind each block, even without having read anything.
    func unpack(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        stopsBehindBlocks: Bool = false
    ) throws(StreamInflater.Failure) -> StreamInflater.Step {
        let (given, room) = (UInt32(clamping: input.count), UInt32(clamping: output.count))
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = given
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = room
        let status = inflate(stream, stopsBehindBlocks ? Z_BLOCK : Z_NO_FLUSH)
        guard status == Z_OK || status == Z_BUF_ERROR || status == Z_STREAM_END else {
            throw StreamInflater.Failure(
                reason: stream.pointee.msg.map { String(cString: $0) } ?? "zlib cannot read it"
            )
        }
        return StreamInflater.Step(
            read: Int(given - stream.pointee.avail_in),
            written: Int(room - stream.pointee.avail_out),
            isFinished: status == Z_STREAM_END
        )
    }
}

#if Igzip
/// igzip's state has 90 KB including its window.
struct IgzipInflater: ~Copyable {
    private let state: UnsafeMutablePointer<inflate_state>

    init() {
        state = .allocate(capacity: 1)
        isal_inflate_init(state)
    }

    deinit { state.deallocate() }

    func reset() { isal_inflate_reset(state) }

    func unpack(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(StreamInflater.Failure) -> StreamInflater.Step {
        let (given, room) = (UInt32(clamping: input.count), UInt32(clamping: output.count))
        state.pointee.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        state.pointee.avail_in = given
        state.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        state.pointee.avail_out = room
        let status = isal_inflate(state)
        guard status == ISAL_DECOMP_OK else { throw StreamInflater.Failure(reason: Self.reason(status)) }
        var step = StreamInflater.Step(
            read: Int(given) - Int(state.pointee.avail_in),
            written: Int(room - state.pointee.avail_out),
            isFinished: state.pointee.block_state == ISAL_BLOCK_FINISH
        )
        if step.isFinished {
            // It reads ahead, and leaves whole bytes behind the end of the stream in its register.
            step.read -= Int(state.pointee.read_in_length) / 8
        }
        return step
    }

    /// In the words of zlib, which tells more kinds apart.
    private static func reason(_ status: CInt) -> String {
        switch status {
        case ISAL_INVALID_LOOKBACK: "invalid distance too far back"
        case ISAL_INVALID_SYMBOL: "invalid code"
        default: "invalid block"
        }
    }
}
#endif
