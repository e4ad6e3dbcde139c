/// The bytes of COPY text to send. The buffer grows by doubling, and cells are written into it directly.
///
/// The escapes are those of <https://www.postgresql.org/docs/current/sql-copy.html>, File Formats. The buffer is public
/// and inlinable because the compiler inlines no methods of `package` types into other modules.
public struct CopyBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var used = 0
    @usableFromInline var capacity: Int

    @inlinable public var count: Int { used }

    /// The separators of columns and rows.
    @inlinable public static var tab: UInt8 { 0x09 }
    @inlinable public static var newline: UInt8 { 0x0A }

    @inlinable
    public init(capacity: Int = 1 << 16) {
        self.capacity = max(64, capacity)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    @inlinable
    public mutating func removeAll() { used = 0 }

    /// Removes everything that was written since `count` was `mark`.
    @inlinable
    public mutating func rewind(to mark: Int) { used = mark }

    @inlinable
    public func lend<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(start: base, count: used))
    }

    @inlinable
    public func bytes(from start: Int = 0) -> [UInt8] {
        Array(UnsafeBufferPointer(start: base + start, count: used - start))
    }

    @inlinable @inline(__always)
    public mutating func reserve(_ more: Int) {
        if capacity - used < more { grow(more) }
    }

    @inlinable @inline(never)
    mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, used + more)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        memory.update(from: base, count: used)
        base.deallocate()
        base = memory
        capacity = larger
    }

    @inlinable @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        base[used] = byte
        used += 1
    }

    /// Appends bytes that need no escapes.
    @inlinable @inline(__always)
    public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        reserve(bytes.count)
        if let source = bytes.baseAddress { (base + used).update(from: source, count: bytes.count) }
        used += bytes.count
    }

    @inlinable
    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

    @inlinable
    public mutating func append(plain text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    @inlinable
    public mutating func appendNull() {
        append(UInt8(ascii: "\\"))
        append(UInt8(ascii: "N"))
    }

    /// The bytes of one value, escaped.
    package static func bytes(of value: String?) -> [UInt8] {
        var buffer = CopyBuffer(capacity: 64)
        buffer.append(value: value)
        return buffer.bytes()
    }

    /// Appends a value with escapes.
    @inlinable
    public mutating func append(value: String?) {
        guard var text = value else { return appendNull() }
        text.withUTF8 { append(escaping: $0) }
    }

    @inlinable
    public mutating func append(escaping bytes: UnsafeBufferPointer<UInt8>) {
        reserve(bytes.count * 2)
        for byte in bytes {
            let letter: UInt8
            switch byte {
            case UInt8(ascii: "\\"): letter = UInt8(ascii: "\\")
            case 0x0A: letter = UInt8(ascii: "n")
            case 0x0D: letter = UInt8(ascii: "r")
            case 0x09: letter = UInt8(ascii: "t")
            default:
                base[used] = byte
                used += 1
                continue
            }
            base[used] = UInt8(ascii: "\\")
            base[used + 1] = letter
            used += 2
        }
    }

    @inlinable @inline(__always)
    public mutating func append(_ number: Int) {
        reserve(20)
        if number < 0 {
            base[used] = UInt8(ascii: "-")
            used += 1
        }
        append(digits: number.magnitude)
    }

    @inlinable @inline(__always)
    mutating func append(digits number: UInt) {
        var rest = number
        var length = 1
        var limit: UInt = 10
        while length < 20, rest >= limit {
            length += 1
            let (next, overflow) = limit.multipliedReportingOverflow(by: 10)
            if overflow { break }
            limit = next
        }
        if length == 19, number >= 10_000_000_000_000_000_000 { length = 20 }
        var place = used + length
        used += length
        repeat {
            place -= 1
            base[place] = UInt8(truncatingIfNeeded: UInt8(ascii: "0") &+ UInt8(rest % 10))
            rest /= 10
        } while rest > 0
    }

    /// Appends a number with leading zeros.
    @inlinable @inline(__always)
    public mutating func append(_ number: Int, width: Int) {
        reserve(width)
        var rest = number
        var place = used + width
        used += width
        for _ in 0..<width {
            place -= 1
            base[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}
