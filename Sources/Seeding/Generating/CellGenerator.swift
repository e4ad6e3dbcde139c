/// A row that is yet to be rendered.
struct GeneratedRow: Sendable {
    /// What its values are drawn with: stays when counts change.
    var identity: UInt64
    /// Its place among the generated rows of its table, from 0.
    var number: Int
    /// For `per`: the parent's place among all parents, and the row's own place among that parent's.
    var parent = 0
    var slot = 0
    /// For `per` with values: which of their combinations.
    var combination = 0
}

/// What makes the values of a column. Immutable, so that any number of threads may use one at once.
class CellGenerator: @unchecked Sendable {
    /// Writes the value as COPY text has it, escapes included.
    func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { preconditionFailure("a generator writes") }

    /// The value as it stands in addresses: lower case, ASCII, no blanks.
    func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { write(row, &out) }

    /// How many values there are, where they can be counted and asked for by their index.
    var domain: Int? { nil }

    func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) { write(row, &out) }

    /// Whether no two rows can have the same value.
    var isUnique: Bool { false }

    /// Microseconds since 1970, of times; nil for NULL and for what is no time.
    func micros(_ row: GeneratedRow) -> Int? { nil }

    /// For `--explain`.
    var summary: String { "value" }
}

/// The same for all rows; NULL is one too.
final class ConstantGenerator: CellGenerator, @unchecked Sendable {
    private let bytes: [UInt8]
    private let text: String?

    init(_ text: String?) {
        self.text = text
        var buffer = CopyBuffer()
        buffer.append(value: text)
        bytes = buffer.bytes()
    }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(bytes) }
    override var domain: Int? { 1 }
    override var summary: String { text == nil ? "NULL" : "constant" }
}

/// 1, 2, 3 …
final class SequenceGenerator: CellGenerator, @unchecked Sendable {
    let start: Int
    let step: Int

    init(start: Int, step: Int = 1) {
        self.start = start
        self.step = step
    }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(start + row.number * step) }
    override var isUnique: Bool { step != 0 }
    override var summary: String { "\(start), \(start + step), …" }
}

/// The row's place among its parent's.
final class SlotGenerator: CellGenerator, @unchecked Sendable {
    private let start: Int
    init(start: Int) { self.start = start }
    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(start + row.slot) }
    override var summary: String { "\(start), \(start + 1), … for each parent" }
}

/// Whole numbers, or decimals as whole numbers of their last place.
final class NumberGenerator: CellGenerator, @unchecked Sendable {
    let low: Int
    let high: Int
    /// Digits behind the point.
    let scale: Int
    private let key: UInt64
    private let permutation: Permutation?
    private let power: Int

    init(_ range: ClosedRange<Int>, scale: Int = 0, key: UInt64, isUnique: Bool = false) {
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

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let index =
            permutation.map { $0(min(row.number, $0.count - 1)) }
            ?? CellHash.below(Self.count(low...high), CellHash.draw(key, row.identity))
        write(index: index, row, &out)
    }

    override var domain: Int? { Self.count(low...high) }
    override var isUnique: Bool { permutation != nil }

    override func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        Self.write(low &+ index, power: power, scale: scale, &out)
    }

    static func write(_ value: Int, power: Int, scale: Int, _ out: inout CopyBuffer) {
        guard scale > 0 else { return out.append(value) }
        if value < 0 { out.append(UInt8(ascii: "-")) }
        out.append(Int(value.magnitude / UInt(power)))
        out.append(UInt8(ascii: "."))
        out.append(Int(value.magnitude % UInt(power)), width: scale)
    }

    override var summary: String { scale > 0 ? "decimal \(low)…\(high) / 10^\(scale)" : "number \(low)…\(high)" }
}

/// Numbers around a middle: `normal`, `lognormal`.
final class BellGenerator: CellGenerator, @unchecked Sendable {
    private let mean: Double
    private let deviation: Double
    private let isLog: Bool
    private let bounds: ClosedRange<Double>
    private let scale: Int
    private let power: Int
    private let key: UInt64

    init(mean: Double, deviation: Double, isLog: Bool, bounds: ClosedRange<Double>, scale: Int, key: UInt64) {
        self.mean = mean
        self.deviation = deviation
        self.isLog = isLog
        self.bounds = bounds
        self.scale = scale
        self.key = key
        power = (0..<scale).reduce(1) { power, _ in power * 10 }
    }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let draw = CellHash.draw(key, row.identity)
        let value = mean + deviation * Curve.normal(CellHash.unit(draw))
        let number = min(max(isLog ? Curve.exp(value) : value, bounds.lowerBound), bounds.upperBound)
        NumberGenerator.write(Int((number * Double(power)).rounded()), power: power, scale: scale, &out)
    }

    override var summary: String { isLog ? "lognormal" : "normal" }
}

final class BooleanGenerator: CellGenerator, @unchecked Sendable {
    private let share: Double
    private let key: UInt64

    init(share: Double = 0.5, key: UInt64) {
        self.share = share
        self.key = key
    }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let isTrue = CellHash.unit(CellHash.draw(key, row.identity)) < share
        out.append(isTrue ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    }

    override var domain: Int? { 2 }
    override func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        out.append(index == 0 ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    }
    override var summary: String { "true or false" }
}

/// One of some values, by weight.
final class ChoiceGenerator: CellGenerator, @unchecked Sendable {
    private let values: [[UInt8]]
    /// Shares added up; nil where all weigh the same.
    private let sums: [Double]?
    private let key: UInt64
    private let name: String
    private let permutation: Permutation?

    init(_ texts: [String?], weights: [Double]? = nil, name: String = "one of", key: UInt64, isUnique: Bool = false) {
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

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if let permutation { return out.append(values[permutation(min(row.number, permutation.count - 1))]) }
        let draw = CellHash.draw(key, row.identity)
        guard let sums else { return out.append(values[CellHash.below(values.count, draw)]) }
        let share = CellHash.unit(draw)
        out.append(values[sums.firstIndex { share < $0 } ?? values.count - 1])
    }

    override var domain: Int? { values.count }
    override func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(values[index]) }
    override var isUnique: Bool { permutation != nil }
    override var summary: String { "\(name) \(values.count)" }
}

/// A value of a countable generator, chosen by the row's place, so that combinations are never twice.
final class RankedGenerator: CellGenerator, @unchecked Sendable {
    private let inner: CellGenerator
    private let permutation: Permutation
    /// How many rows pass before the next value.
    private let stride: Int
    private let bySlot: Bool

    init(_ inner: CellGenerator, count: Int, stride: Int, bySlot: Bool, key: UInt64) {
        self.inner = inner
        self.stride = stride
        self.bySlot = bySlot
        permutation = Permutation(count: count, key: key)
    }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let place = (bySlot ? row.slot : row.number) / stride % permutation.count
        let tweak = bySlot ? CellHash.mix(UInt64(row.parent) &+ 1) : 0
        inner.write(index: permutation(place, tweak: tweak), row, &out)
    }

    override func micros(_ row: GeneratedRow) -> Int? { inner.micros(row) }
    override var summary: String { "\(inner.summary), each combination once" }
}

/// NULL in some of the rows.
final class NullableGenerator: CellGenerator, @unchecked Sendable {
    private let inner: CellGenerator
    private let share: Double
    private let key: UInt64

    init(_ inner: CellGenerator, share: Double, key: UInt64) {
        self.inner = inner
        self.share = share
        self.key = CellHash.next(key)
    }

    private func isNull(_ row: GeneratedRow) -> Bool { CellHash.unit(CellHash.draw(key, row.identity)) < share }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if isNull(row) { out.appendNull() } else { inner.write(row, &out) }
    }
    override func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { inner.writeSlug(row, &out) }
    override func micros(_ row: GeneratedRow) -> Int? { isNull(row) ? nil : inner.micros(row) }
    override var isUnique: Bool { inner.isUnique }
    override var summary: String { "\(inner.summary), \(Int((share * 100).rounded())) % null" }
}

/// The values that `per` crosses its parents with.
final class CombinationGenerator: CellGenerator, @unchecked Sendable {
    private let values: [[UInt8]]
    private let stride: Int

    init(_ texts: [String?], stride: Int) {
        values = texts.map { text in
            var buffer = CopyBuffer(capacity: 64)
            buffer.append(value: text)
            return buffer.bytes()
        }
        self.stride = stride
    }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        out.append(values[row.combination / stride % values.count])
    }
    override var summary: String { "each of \(values.count)" }
}
