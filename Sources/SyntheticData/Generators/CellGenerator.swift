/// A row that is yet to be rendered.
package struct GeneratedRow: Sendable {
    /// What its values are drawn with: stays when counts change.
    package var identity: UInt64
    /// Its place among the generated rows of its table, from 0.
    package var number: Int
    /// For `per`: the parent's place among all parents, and the row's own place among that parent's.
    package var parent = 0
    package var slot = 0
    /// For `per` with values: which of their combinations.
    package var combination = 0

    package init(identity: UInt64, number: Int, parent: Int = 0, slot: Int = 0, combination: Int = 0) {
        self.identity = identity
        self.number = number
        self.parent = parent
        self.slot = slot
        self.combination = combination
    }
}

/// What makes the values of a column. Immutable, so that any number of threads may use one at once.
package class CellGenerator: @unchecked Sendable {
    /// Writes the value as COPY text has it, escapes included.
    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { preconditionFailure("a generator writes") }

    /// The value as it stands in addresses: lower case, ASCII, no blanks.
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { write(row, &out) }

    /// How many values there are, where they can be counted and asked for by their index.
    package var domain: Int? { nil }

    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) { write(row, &out) }

    /// Whether no two rows can have the same value.
    package var isUnique: Bool { false }

    /// Microseconds since 1970, of times; nil for NULL and for what is no time.
    package func micros(_ row: GeneratedRow) -> Int? { nil }

    /// For `--explain`.
    package var summary: String { "value" }
}

/// The same for all rows; NULL is one too.
package final class ConstantGenerator: CellGenerator, @unchecked Sendable {
    private let bytes: [UInt8]
    private let text: String?

    package init(_ text: String?) {
        self.text = text
        var buffer = CopyBuffer()
        buffer.append(value: text)
        bytes = buffer.bytes()
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(bytes) }
    package override var domain: Int? { 1 }
    package override var summary: String { text == nil ? "NULL" : "constant" }
}

/// 1, 2, 3 …
package final class SequenceGenerator: CellGenerator, @unchecked Sendable {
    package let start: Int
    package let step: Int

    package init(start: Int, step: Int = 1) {
        self.start = start
        self.step = step
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(start + row.number * step) }
    package override var isUnique: Bool { step != 0 }
    package override var summary: String { "\(start), \(start + step), …" }
}

/// The row's place among its parent's.
package final class SlotGenerator: CellGenerator, @unchecked Sendable {
    private let start: Int
    package init(start: Int) { self.start = start }
    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(start + row.slot) }
    package override var summary: String { "\(start), \(start + 1), … for each parent" }
}

/// Whole numbers, or decimals as whole numbers of their last place.
package final class NumberGenerator: CellGenerator, @unchecked Sendable {
    package let low: Int
    package let high: Int
    /// Digits behind the point.
    package let scale: Int
    private let key: UInt64
    private let permutation: Permutation?
    private let power: Int

    package init(_ range: ClosedRange<Int>, scale: Int = 0, key: UInt64, isUnique: Bool = false) {
        low = range.lowerBound
        high = range.upperBound
        self.scale = scale
        self.key = key
        power = (0..<scale).reduce(1) { power, _ in power * 10 }
        permutation = isUnique ? Permutation(count: Self.count(range), key: key) : nil
    }

    private static func count(_ range: ClosedRange<Int>) -> Int {
        let (span, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
        return overflow || span == .max ? .max : span + 1
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let index =
            permutation.map { $0(min(row.number, $0.count - 1)) }
            ?? CellHash.below(Self.count(low...high), CellHash.draw(key, row.identity))
        write(index: index, row, &out)
    }

    package override var domain: Int? { Self.count(low...high) }
    package override var isUnique: Bool { permutation != nil }

    package override func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        Self.write(low &+ index, power: power, scale: scale, &out)
    }

    package static func write(_ value: Int, power: Int, scale: Int, _ out: inout CopyBuffer) {
        guard scale > 0 else { return out.append(value) }
        if value < 0 { out.append(UInt8(ascii: "-")) }
        out.append(Int(value.magnitude / UInt(power)))
        out.append(UInt8(ascii: "."))
        out.append(Int(value.magnitude % UInt(power)), width: scale)
    }

    package override var summary: String { scale > 0 ? "decimal \(low)…\(high) / 10^\(scale)" : "number \(low)…\(high)" }
}

/// Numbers around a middle: `normal`, `lognormal`.
package final class BellGenerator: CellGenerator, @unchecked Sendable {
    private let mean: Double
    private let deviation: Double
    private let isLog: Bool
    private let bounds: ClosedRange<Double>
    private let scale: Int
    private let power: Int
    private let key: UInt64

    package init(mean: Double, deviation: Double, isLog: Bool, bounds: ClosedRange<Double>, scale: Int, key: UInt64) {
        self.mean = mean
        self.deviation = deviation
        self.isLog = isLog
        self.bounds = bounds
        self.scale = scale
        self.key = key
        power = (0..<scale).reduce(1) { power, _ in power * 10 }
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let draw = CellHash.draw(key, row.identity)
        let value = mean + deviation * Curve.normal(CellHash.unit(draw))
        let number = min(max(isLog ? Curve.exp(value) : value, bounds.lowerBound), bounds.upperBound)
        NumberGenerator.write(Int((number * Double(power)).rounded()), power: power, scale: scale, &out)
    }

    package override var summary: String { isLog ? "lognormal" : "normal" }
}

package final class BooleanGenerator: CellGenerator, @unchecked Sendable {
    private let share: Double
    private let key: UInt64

    package init(share: Double = 0.5, key: UInt64) {
        self.share = share
        self.key = key
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let isTrue = CellHash.unit(CellHash.draw(key, row.identity)) < share
        out.append(isTrue ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    }

    package override var domain: Int? { 2 }
    package override func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        out.append(index == 0 ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    }
    package override var summary: String { "true or false" }
}

/// One of some values, by weight.
package final class ChoiceGenerator: CellGenerator, @unchecked Sendable {
    private let values: [[UInt8]]
    /// Shares added up; nil where all weigh the same.
    private let sums: [Double]?
    private let key: UInt64
    private let name: String
    private let permutation: Permutation?

    package init(_ texts: [String?], weights: [Double]? = nil, name: String = "one of", key: UInt64, isUnique: Bool = false) {
        values = texts.map { text in
            var buffer = CopyBuffer(capacity: 64)
            buffer.append(value: text)
            return buffer.bytes()
        }
        let total = weights?.reduce(0, +) ?? 0
        var sum = 0.0
        sums = weights?.map { weight in
            sum += weight / total
            return sum
        }
        self.key = key
        self.name = name
        permutation = isUnique ? Permutation(count: texts.count, key: key) : nil
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if let permutation { return out.append(values[permutation(min(row.number, permutation.count - 1))]) }
        let draw = CellHash.draw(key, row.identity)
        guard let sums else { return out.append(values[CellHash.below(values.count, draw)]) }
        let share = CellHash.unit(draw)
        out.append(values[sums.firstIndex { share < $0 } ?? values.count - 1])
    }

    package override var domain: Int? { values.count }
    package override func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(values[index]) }
    package override var isUnique: Bool { permutation != nil }
    package override var summary: String { "\(name) \(values.count)" }
}

/// A value of a countable generator, chosen by the row's place, so that combinations are never twice.
package final class RankedGenerator: CellGenerator, @unchecked Sendable {
    private let inner: CellGenerator
    private let permutation: Permutation
    /// How many rows pass before the next value.
    private let stride: Int
    private let bySlot: Bool

    package init(_ inner: CellGenerator, count: Int, stride: Int, bySlot: Bool, key: UInt64) {
        self.inner = inner
        self.stride = stride
        self.bySlot = bySlot
        permutation = Permutation(count: count, key: key)
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let place = (bySlot ? row.slot : row.number) / stride % permutation.count
        let tweak = bySlot ? CellHash.mix(UInt64(row.parent) &+ 1) : 0
        inner.write(index: permutation(place, tweak: tweak), row, &out)
    }

    package override func micros(_ row: GeneratedRow) -> Int? { inner.micros(row) }
    package override var summary: String { "\(inner.summary), each combination once" }
}

/// NULL in some of the rows.
package final class NullableGenerator: CellGenerator, @unchecked Sendable {
    private let inner: CellGenerator
    private let share: Double
    private let key: UInt64

    package init(_ inner: CellGenerator, share: Double, key: UInt64) {
        self.inner = inner
        self.share = share
        self.key = CellHash.next(key)
    }

    private func isNull(_ row: GeneratedRow) -> Bool { CellHash.unit(CellHash.draw(key, row.identity)) < share }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if isNull(row) { out.appendNull() } else { inner.write(row, &out) }
    }
    package override func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { inner.writeSlug(row, &out) }
    package override func micros(_ row: GeneratedRow) -> Int? { isNull(row) ? nil : inner.micros(row) }
    package override var isUnique: Bool { inner.isUnique }
    package override var summary: String { "\(inner.summary), \(Int((share * 100).rounded())) % null" }
}

/// The values that `per` crosses its parents with.
package final class CombinationGenerator: CellGenerator, @unchecked Sendable {
    private let values: [[UInt8]]
    private let stride: Int

    package init(_ texts: [String?], stride: Int) {
        values = texts.map { text in
            var buffer = CopyBuffer(capacity: 64)
            buffer.append(value: text)
            return buffer.bytes()
        }
        self.stride = stride
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        out.append(values[row.combination / stride % values.count])
    }
    package override var summary: String { "each of \(values.count)" }
}
