/// The outgoing bytes of a COPY in text form, grown by doubling and never copied cell by cell.
///
/// The escapes are those of <https://www.postgresql.org/docs/current/sql-copy.html>, File Formats.
package struct CopyBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    package fileprivate(set) var count = 0
    private var capacity: Int

    /// Between columns, and behind rows.
    package static let tab: UInt8 = 0x09
    package static let newline: UInt8 = 0x0A

    package init(capacity: Int = 1 << 16) {
        self.capacity = max(64, capacity)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    package mutating func removeAll() { count = 0 }

    /// Drops what was written since `count` was `mark`.
    package mutating func rewind(to mark: Int) { count = mark }

    package func lend<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    package func bytes(from start: Int = 0) -> [UInt8] {
        Array(UnsafeBufferPointer(start: base + start, count: count - start))
    }

    @inline(__always)
    package mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        memory.update(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = larger
    }

    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    /// Bytes that need no escapes.
    @inline(__always)
    package mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        reserve(bytes.count)
        if let source = bytes.baseAddress { (base + count).update(from: source, count: bytes.count) }
        count += bytes.count
    }

    package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

    package mutating func append(plain text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    package mutating func appendNull() {
        append(UInt8(ascii: "\\"))
        append(UInt8(ascii: "N"))
    }

    /// A value, escaped.
    package mutating func append(value: String?) {
        guard var text = value else { return appendNull() }
        text.withUTF8 { append(escaping: $0) }
    }

    package mutating func append(escaping bytes: UnsafeBufferPointer<UInt8>) {
        reserve(bytes.count * 2)
        for byte in bytes {
            let letter: UInt8
            switch byte {
            case UInt8(ascii: "\\"): letter = UInt8(ascii: "\\")
            case 0x0A: letter = UInt8(ascii: "n")
            case 0x0D: letter = UInt8(ascii: "r")
            case 0x09: letter = UInt8(ascii: "t")
            default:
                base[count] = byte
                count += 1
                continue
            }
            base[count] = UInt8(ascii: "\\")
            base[count + 1] = letter
            count += 2
        }
    }

    @inline(__always)
    package mutating func append(_ number: Int) {
        reserve(20)
        if number < 0 {
            base[count] = UInt8(ascii: "-")
            count += 1
        }
        append(digits: number.magnitude)
    }

    @inline(__always)
    private mutating func append(digits number: UInt) {
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
        var place = count + length
        count += length
        repeat {
            place -= 1
            base[place] = UInt8(truncatingIfNeeded: UInt8(ascii: "0") &+ UInt8(rest % 10))
            rest /= 10
        } while rest > 0
    }

    /// A number with leading zeros.
    @inline(__always)
    package mutating func append(_ number: Int, width: Int) {
        reserve(width)
        var rest = number
        var place = count + width
        count += width
        for _ in 0..<width {
            place -= 1
            base[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}
