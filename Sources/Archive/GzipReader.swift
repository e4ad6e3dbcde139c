internal import CDeflate

/// Decompresses gzip (RFC 1952) piece by piece, including several members in a row.
package struct GzipReader: ~Copyable {
    /// Fills the given memory and returns the number of bytes; 0 at the end.
    package typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    package enum Frame: Sendable {
        case gzip
        /// A single stream of RFC 1950, as pg_dump writes it.
        case zlib
    }

    private enum Place {
        case header
        case content
        case trailer
        case end
    }

    private let frame: Frame
    private let inflater: StreamInflater
    private var input: GzipInput
    private var place = Place.header
    private var isFirstMember = true
    private var sum: GzipSum

    package init(name: String, bufferBytes: Int = 256 << 10, frame: Frame = .gzip, source: @escaping Source) {
        self.init(name: name, bufferBytes: bufferBytes, frame: frame, engine: .fastest, source: source)
    }

    /// - Parameter name: The name of the file in errors.
    init(
        name: String,
        bufferBytes: Int = 256 << 10,
        frame: Frame = .gzip,
        engine: StreamInflater.Engine,
        source: @escaping Source
    ) {
        self.frame = frame
        inflater = StreamInflater(engine)
        input = GzipInput(name: name, bufferBytes: bufferBytes, source)
        sum = GzipSum(frame)
    }

    /// Fills `memory` from its beginning and returns the number of bytes: 0 at the end, otherwise possibly fewer than
    /// fit.
    ///
    /// - Throws: `ArchiveError.damaged` if the bytes are not gzip or do not match their checksum, `.cutOff` if they end
    ///   early; errors of the source.
    package mutating func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !memory.isEmpty else { return 0 }
        while true {
            switch place {
            case .header: place = try beginMember() ? .content : .end
            case .content:
                let count = try unpack(into: memory)
                if count > 0 { return count }
            case .trailer:
                try sum.requireTrailer(&input)
                place = .header
            case .end: return 0
            }
        }
    }

    /// Returns 0 if more input was read, or the content has ended.
    private mutating func unpack(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        // Before reading more: the engine may still hold output that had no room last time.
        let step: StreamInflater.Step
        do {
            step = try inflater.unpack(input.rest, into: memory)
        } catch {
            throw input.damaged(error.reason)
        }
        let isStuck = step.read == 0 && step.written == 0 && !step.isFinished
        guard !isStuck || input.rest.isEmpty else { throw input.damaged("it cannot be decompressed") }
        input.advance(step.read)
        sum.add(UnsafeRawBufferPointer(rebasing: memory[..<step.written]))
        if step.isFinished {
            place = .trailer
            // If it is there, bytes that do not match it are not given away.
            if input.rest.count >= GzipSum.trailerBytesMax {
                try sum.requireTrailer(&input)
                place = .header
            }
        } else if step.written == 0, input.rest.isEmpty, try !input.fetch() {
            throw input.cutOff
        }
        return step.written
    }

    /// After a member: zeros are padding, as on tapes; anything else must be another member.
    private mutating func beginMember() throws -> Bool {
        if !isFirstMember {
            guard try input.skipZeros(unless: frame == .zlib) else { return false }
            if frame == .zlib { throw input.damaged("bytes follow its end") }
            inflater.reset()
        }
        isFirstMember = false
        sum = GzipSum(frame)
        switch frame {
        case .gzip: try input.skipGzipHeader()
        case .zlib: try input.skipZlibHeader()
        }
        return true
    }
}

/// Checksum and size of the content of a member.
private struct GzipSum {
    private let frame: GzipReader.Frame
    private var checksum: UInt32
    /// Modulo 2^32.
    private var byteCount: UInt32 = 0

    static let trailerBytesMax = 8

    init(_ frame: GzipReader.Frame) {
        self.frame = frame
        // Adler-32 begins with 1.
        checksum = frame == .gzip ? 0 : 1
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        byteCount &+= UInt32(truncatingIfNeeded: bytes.count)
        switch frame {
        case .gzip: checksum = CRC32.of(bytes, after: checksum)
        case .zlib: checksum = libdeflate_adler32(checksum, bytes.baseAddress, bytes.count)
        }
    }

    func requireTrailer(_ input: inout GzipInput) throws {
        let number = try input.number(4)
        guard checksum == (frame == .gzip ? number : number.byteSwapped) else {
            throw input.damaged("incorrect data check")
        }
        guard try frame == .zlib || input.number(4) == byteCount else { throw input.damaged("incorrect length check") }
    }
}

/// The compressed bytes, in a buffer.
private struct GzipInput: ~Copyable {
    private let source: GzipReader.Source
    private let name: String
    /// Begins with the last bytes that were read before, which the inflater may give back.
    private let buffer: UnsafeMutableRawBufferPointer
    private var position: Int
    private var end: Int
    /// The checksum of the header that is being read.
    private var headerSum: UInt32 = 0

    private static let keptBytes = StreamInflater.returnedBytesMax

    init(name: String, bufferBytes: Int, _ source: @escaping GzipReader.Source) {
        self.source = source
        self.name = name
        buffer = .allocate(byteCount: Self.keptBytes + max(1, bufferBytes), alignment: 16)
        position = Self.keptBytes
        end = Self.keptBytes
    }

    deinit { buffer.deallocate() }

    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[position..<end]) }

    mutating func advance(_ count: Int) { position += count }

    /// Reads more bytes after those of the buffer were used; false at the end.
    mutating func fetch() throws -> Bool {
        let kept = UnsafeRawBufferPointer(rebasing: buffer[(end - Self.keptBytes)..<end])
        buffer.copyMemory(from: kept)
        (position, end) = (Self.keptBytes, Self.keptBytes)
        end += try source(UnsafeMutableRawBufferPointer(rebasing: buffer[Self.keptBytes...]))
        return position < end
    }

    func damaged(_ reason: String, _ code: ArchiveFailure = .damaged) -> ArchiveError {
        ArchiveError(code, "\(name) is damaged: \(reason)", hint: "use another copy of the file")
    }

    var cutOff: ArchiveError { damaged("it ends early: the file is cut off", .cutOff) }

    private mutating func byte() throws -> UInt8 {
        if position == end, try !fetch() { throw cutOff }
        defer { position += 1 }
        headerSum = CRC32.of(UnsafeRawBufferPointer(rebasing: buffer[position...position]), after: headerSum)
        return buffer[position]
    }

    /// Reads a number of at most four bytes, least byte first.
    mutating func number(_ bytes: Int) throws -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<bytes { value |= UInt32(try byte()) << (8 * index) }
        return value
    }

    /// Skips zeros, and says whether anything follows.
    ///
    /// - Parameter isStrict: Whether zeros count as something.
    mutating func skipZeros(unless isStrict: Bool) throws -> Bool {
        while true {
            while !isStrict, position < end, buffer[position] == 0 { position += 1 }
            guard position == end else { return true }
            guard try fetch() else { return false }
        }
    }
}

// Headers, with the checks and the words of zlib.
extension GzipInput {
    private static let (hasSum, hasExtra, hasName, hasComment) = (UInt32(2), UInt32(4), UInt32(8), UInt32(16))

    fileprivate mutating func skipGzipHeader() throws {
        headerSum = 0
        guard try number(2) == 0x8b1f else { throw damaged("incorrect header check") }
        guard try byte() == 8 else { throw damaged("unknown compression method") }
        let flags = try number(1)
        guard flags & 0xe0 == 0 else { throw damaged("unknown header flags set") }
        // Time, level and system.
        for _ in 0..<6 { _ = try byte() }
        if flags & Self.hasExtra != 0 { for _ in 0..<(try number(2)) { _ = try byte() } }
        if flags & Self.hasName != 0 { while try byte() != 0 {} }
        if flags & Self.hasComment != 0 { while try byte() != 0 {} }
        guard flags & Self.hasSum != 0 else { return }
        let sum = headerSum & 0xffff
        guard try number(2) == sum else { throw damaged("header crc mismatch") }
    }

    fileprivate mutating func skipZlibHeader() throws {
        let (first, second) = (try number(1), try number(1))
        guard (first << 8 + second) % 31 == 0 else { throw damaged("incorrect header check") }
        guard first & 15 == 8 else { throw damaged("unknown compression method") }
        guard first >> 4 <= 7 else { throw damaged("invalid window size") }
        guard second & 0x20 == 0 else { throw damaged("it needs a dictionary") }
    }
}
