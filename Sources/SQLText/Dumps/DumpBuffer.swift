import Glibc

/// The part of a script in memory: the bytes that have not been returned yet, and those read ahead.
///
/// Filling the buffer shifts all positions by the same distance. A position that must survive that is kept relative to
/// `start`.
struct DumpBuffer: ~Copyable {
    /// Fills the given memory and returns the number of bytes; 0 at the end.
    typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    private let source: Source
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private let limitBytes: Int
    /// Everything before it has been returned.
    private(set) var start = 0
    /// The position of the scanner.
    var position = 0
    /// Just after the last byte in memory.
    private(set) var end = 0
    /// Whether the source has returned its last byte.
    private(set) var isAtEnd = false
    private var line = 1
    /// The newlines before it are counted in `line`.
    private var counted = 0

    init(bytes capacity: Int, limitBytes: Int, source: @escaping Source) {
        self.source = source
        self.capacity = capacity
        self.limitBytes = limitBytes
        bytes = .allocate(capacity: capacity)
    }

    deinit { bytes.deallocate() }

    /// The bytes in memory. Positions count from its beginning.
    var memory: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: end) }

    /// Reads more bytes; false at the end of the script.
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

    /// The byte `ahead` of the scanner; nil if the script ends before it.
    mutating func peek(_ ahead: Int = 0) throws -> UInt8? {
        while position + ahead >= end {
            guard try fill() else { return nil }
        }
        return bytes[position + ahead]
    }

    /// The first place of `byte` between two positions.
    func find(_ byte: UInt8, from: Int, to: Int) -> Int? { memory.find(byte, from: from, to: to) }

    /// Releases everything before the scanner's position.
    mutating func release() { start = position }

    /// The line of a position. Positions must be asked for in ascending order.
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

    /// Moves the scanner forward by `length` bytes, which contain `lines` newlines.
    mutating func pass(_ length: Int, lines: Int) {
        position += length
        line += lines
        counted = position
        release()
    }

    /// Overwrites the bytes between two positions with blanks.
    mutating func blank(from: Int, to: Int) { memset(bytes + from, 0x20, to - from) }
}
