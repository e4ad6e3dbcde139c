/// Version 4 identifiers (RFC 9562), by the row.
package final class UUIDGenerator: CellGenerator, @unchecked Sendable {
    private let key: UInt64
    package init(key: UInt64) { self.key = key }

    private static let digits = Array("0123456789abcdef".utf8)

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let high = CellHash.draw(key, row.identity) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = CellHash.next(high ^ key) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        for place in 0..<16 {
            let byte = UInt8(truncatingIfNeeded: (place < 8 ? high : low) &>> UInt64(56 - place % 8 * 8))
            out.append(Self.digits[Int(byte &>> 4)])
            out.append(Self.digits[Int(byte & 15)])
            if [3, 5, 7, 9].contains(place) { out.append(UInt8(ascii: "-")) }
        }
    }

    package override var isUnique: Bool { true }
    package override var summary: String { "uuid" }
}

/// Values of types that need no more than a draw or two to be written.
package final class FormGenerator: CellGenerator, @unchecked Sendable {
    private let form: @Sendable (inout Draws) -> String
    private let key: UInt64
    private let name: String
    private let isUniqueByNumber: Bool

    /// The draws of one cell, one after the other.
    package struct Draws {
        var draw: UInt64
        package let row: GeneratedRow

        package mutating func below(_ count: Int) -> Int {
            draw = CellHash.next(draw)
            return CellHash.below(count, draw)
        }
    }

    package init(_ name: String, isUnique: Bool = false, key: UInt64, _ form: @escaping @Sendable (inout Draws) -> String) {
        self.form = form
        self.key = key
        self.name = name
        isUniqueByNumber = isUnique
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        var draws = Draws(draw: CellHash.draw(key, row.identity), row: row)
        out.append(value: form(&draws))
    }

    package override var isUnique: Bool { isUniqueByNumber }
    package override var summary: String { name }
}

/// Lists of another generator's values.
package final class ArrayGenerator: CellGenerator, @unchecked Sendable {
    private let inner: CellGenerator
    private let counts: ClosedRange<Int>
    private let key: UInt64

    package init(_ inner: CellGenerator, counts: ClosedRange<Int>, key: UInt64) {
        self.inner = inner
        self.counts = counts
        self.key = key
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let draw = CellHash.draw(key, row.identity)
        let count = counts.lowerBound + CellHash.below(counts.count, draw)
        out.append(UInt8(ascii: "{"))
        var element = row
        for place in 0..<count {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            element.identity = CellHash.mix(draw &+ UInt64(place))
            var buffer = CopyBuffer(capacity: 64)
            inner.write(element, &buffer)
            // Quotes around the element; its own COPY escapes stay, and those of arrays come before them.
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

    package override var summary: String { "list of \(inner.summary)" }
}

/// One generator or another, by the value of a column of the same row.
package final class CaseGenerator: CellGenerator, @unchecked Sendable {
    package struct Branch: Sendable {
        let condition: RowCondition
        let generator: CellGenerator

        package init(condition: RowCondition, generator: CellGenerator) {
            self.condition = condition
            self.generator = generator
        }
    }

    private let branches: [Branch]
    private let otherwise: CellGenerator
    private let name: String

    package init(_ branches: [Branch], otherwise: CellGenerator, name: String) {
        self.branches = branches
        self.otherwise = otherwise
        self.name = name
    }

    private func chosen(_ row: GeneratedRow, _ out: inout CopyBuffer) -> CellGenerator {
        for branch in branches where branch.condition.holds(row, &out) { return branch.generator }
        return otherwise
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { chosen(row, &out).write(row, &out) }

    package override func micros(_ row: GeneratedRow) -> Int? {
        var scratch = CopyBuffer(capacity: 64)
        return chosen(row, &scratch).micros(row)
    }

    package override var summary: String { name }
}

/// `status = refunded`, `status != draft`, `status in (a, b)`, `refund is null`, `refund is not null`.
package struct RowCondition: Sendable {
    private let column: CellGenerator
    /// As COPY text has them.
    private let values: [[UInt8]]
    private let isNegated: Bool

    package init(_ column: CellGenerator, values: [String?], isNegated: Bool) {
        self.column = column
        self.values = values.map { value in
            var buffer = CopyBuffer(capacity: 64)
            buffer.append(value: value)
            return buffer.bytes()
        }
        self.isNegated = isNegated
    }

    package func holds(_ row: GeneratedRow, _ out: inout CopyBuffer) -> Bool {
        // Rendered behind what is there, looked at, and taken back.
        let mark = out.count
        column.write(row, &out)
        let isOne = values.contains { value in
            out.count - mark == value.count
                && (0..<value.count).allSatisfy { out.base[mark + $0] == value[$0] }
        }
        out.rewind(to: mark)
        return isOne != isNegated
    }
}
