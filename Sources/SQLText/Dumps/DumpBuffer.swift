import Glibc

/// The part of a script that is in memory: what is not yet given away, and what was read ahead.
///
/// Positions move when the buffer is filled again, all by the same distance; what must survive that is kept relative
/// to `start`.
struct DumpBuffer: ~Copyable {
    /// Fills the memory it is lent and says how many bytes it put there; 0 at the end.
    typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    private let source: Source
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private let limitBytes: Int
    /// Everything before it has been given away.
    private(set) var start = 0
    /// Where the scanner is.
    var position = 0
    /// Behind the last byte that is there.
    private(set) var end = 0
    /// The source has no more.
    private(set) var isAtEnd = false
    private var line = 1
    /// Newlines before it are in `line`.
    private var counted = 0

    init(bytes capacity: Int, limitBytes: Int, source: @escaping Source) {
        self.source = source
        self.capacity = capacity
        self.limitBytes = limitBytes
        bytes = .allocate(capacity: capacity)
    }

    deinit { bytes.deallocate() }

    /// What is in memory. Positions count from its beginning.
    var memory: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: end) }

    /// Reads more behind what is there; false at the end of the script.
    mutating func fill() throws -> Bool {
        guard !isAtEnd else { return false }
        if start > 0 { moveDown() }
        if end == capacity { try grow() }
        let count = try source(UnsafeMutableRawBufferPointer(start: bytes + end, count: capacity - end))
        isAtEnd = count == 0
        end += count
        return count > 0
    }

    private mutating func moveDown() {
        _ = line(at: max(counted, start))
        memmove(bytes, bytes + start, end - start)
        position -= start
        counted -= start
        end -= start
        start = 0
    }

    private mutating func grow() throws {
        guard capacity < limitBytes else {
            throw SQLTextError(
                .tooLong,
                line: line(at: max(counted, start)),
                "a statement is longer than \(limitBytes) bytes",
                hint: "PostgreSQL takes no statement of 1 GB and more"
            )
        }
        let larger = min(capacity * 2, limitBytes)
        let new = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        memcpy(new, bytes, end)
        bytes.deallocate()
        bytes = new
        capacity = larger
    }

    /// The byte `ahead` of the scanner; nil when the script ends before it.
    mutating func peek(_ ahead: Int = 0) throws -> UInt8? {
        while position + ahead >= end {
            guard try fill() else { return nil }
        }
        return bytes[position + ahead]
    }

    /// The first place of `byte` between two positions.
    func find(_ byte: UInt8, from: Int, to: Int) -> Int? { memory.find(byte, from: from, to: to) }

    /// Gives away everything that the scanner has passed.
    mutating func release() { start = position }

    /// The line of a position that is not before one that was asked for earlier.
    mutating func line(at position: Int) -> Int {
        while counted < position {
            guard let found = find(0x0A, from: counted, to: position) else {
                counted = position
                break
            }
            line += 1
            counted = found + 1
        }
        return line
    }

    /// Moves the scanner over `length` bytes in which `lines` newlines are already counted.
    mutating func pass(_ length: Int, lines: Int) {
        position += length
        line += lines
        counted = position
        release()
    }

    /// Makes blanks of what is between two positions.
    mutating func blank(from: Int, to: Int) { memset(bytes + from, 0x20, to - from) }
}
