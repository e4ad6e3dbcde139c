/// Version 4 identifiers (RFC 9562), computed from the row.
final class UUIDGenerator: CellGenerator {
    private let key: UInt64
    init(key: UInt64) { self.key = key }

    private static let digits = Array("0123456789abcdef".utf8)

    func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let high = CellHash.draw(key, row.identity) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = CellHash.next(high ^ key) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        for place in 0..<16 {
            let byte = UInt8(truncatingIfNeeded: (place < 8 ? high : low) &>> UInt64(56 - place % 8 * 8))
            out.append(Self.digits[Int(byte &>> 4)])
            out.append(Self.digits[Int(byte & 15)])
            if [3, 5, 7, 9].contains(place) { out.append(UInt8(ascii: "-")) }
        }
    }

    var isUnique: Bool { true }
    var summary: String { "uuid" }
}

/// Values of types that need only one or two draws.
final class FormGenerator: CellGenerator {
    private let form: @Sendable (inout Draws) -> String
    private let key: UInt64
    private let name: String
    private let isUniqueByNumber: Bool

    /// A sequence of draws for one cell.
    struct Draws {
        var draw: UInt64
        let row: GeneratedRow

        mutating func below(_ count: Int) -> Int {
            draw = CellHash.next(draw)
            return CellHash.below(count, draw)
        }
    }

    init(_ name: String, isUnique: Bool = false, key: UInt64, _ form: @escaping @Sendable (inout Draws) -> String) {
        self.form = form
        self.key = key
        self.name = name
        isUniqueByNumber = isUnique
    }

    func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        var draws = Draws(draw: CellHash.draw(key, row.identity), row: row)
        out.append(value: form(&draws))
    }

    var isUnique: Bool { isUniqueByNumber }
    var summary: String { name }

    static func hex(_ byte: Int) -> String {
        let text = String(byte, radix: 16)
        return text.utf8.count == 1 ? "0" + text : text
    }

    static func date(_ days: Int) -> String {
        let date = Calendar.date(days)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day))"
    }
}

/// Arrays of another generator's values.
final class ArrayGenerator: CellGenerator {
    private let inner: any CellGenerator
    private let counts: ClosedRange<Int>
    private let key: UInt64
    let isUnique: Bool

    init(_ inner: any CellGenerator, counts: ClosedRange<Int>, isUnique: Bool = false, key: UInt64) {
        self.inner = inner
        self.counts = counts
        self.isUnique = isUnique
        self.key = key
    }

    func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let draw = CellHash.draw(key, row.identity)
        let count = counts.lowerBound + CellHash.below(counts.count, draw)
        out.append(UInt8(ascii: "{"))
        var element = row
        for place in 0..<count {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            element.identity = CellHash.mix(draw &+ UInt64(place))
            var buffer = CopyBuffer(capacity: 64)
            inner.write(element, &buffer)
            // Quotes around the element. Array escapes come before its COPY escapes, which are kept.
            out.append(UInt8(ascii: "\""))
            for byte in buffer.bytes() {
                if byte == UInt8(ascii: "\"") { out.append([UInt8(ascii: "\\"), UInt8(ascii: "\\")]) }
                if byte == UInt8(ascii: "\\") { out.append([UInt8(ascii: "\\"), UInt8(ascii: "\\")]) }
                out.append(byte)
            }
            out.append(UInt8(ascii: "\""))
        }
        out.append(UInt8(ascii: "}"))
    }

    var summary: String { "list of \(inner.summary)" }
}
