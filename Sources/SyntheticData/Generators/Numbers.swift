/// 1, 2, 3 …
package final class SequenceGenerator: CellGenerator {
    private let start: Int
    private let step: Int

    package init(start: Int, step: Int = 1) {
        self.start = start
        self.step = step
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(start + row.number * step) }
    package var isUnique: Bool { step != 0 }
    package var summary: String { "\(start), \(start + step), …" }
    package var declaration: String? { "{sequence: \(start)\(step == 1 ? "" : ", step: \(step)")}" }
}

/// The row's index within its parent.
package final class SlotGenerator: CellGenerator {
    private let start: Int
    package init(start: Int) { self.start = start }
    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(start + row.slot) }
    package var summary: String { "\(start), \(start + 1), … for each parent" }
}

/// Whole numbers, and decimals that are represented as multiples of their last digit.
package final class NumberGenerator: CellGenerator {
    private let low: Int
    private let high: Int
    /// Digits after the decimal point.
    private let scale: Int
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

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let index =
            permutation.map { $0(min(row.number, $0.count - 1)) }
            ?? CellHash.below(Self.count(low...high), CellHash.draw(key, row.identity))
        write(index: index, row, &out)
    }

    package var domain: Int? { Self.count(low...high) }
    package var isUnique: Bool { permutation != nil }

    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        Self.write(low &+ index, power: power, scale: scale, &out)
    }

    static func write(_ value: Int, power: Int, scale: Int, _ out: inout CopyBuffer) {
        guard scale > 0 else { return out.append(value) }
        if value < 0 { out.append(UInt8(ascii: "-")) }
        out.append(Int(value.magnitude / UInt(power)))
        out.append(UInt8(ascii: "."))
        out.append(Int(value.magnitude % UInt(power)), width: scale)
    }

    package var declaration: String? {
        func text(_ value: Int) -> String {
            var out = CopyBuffer(capacity: 32)
            Self.write(value, power: power, scale: scale, &out)
            return String(decoding: out.bytes(), as: UTF8.self)
        }
        return Declaration.mapping("between: [\(text(low)), \(text(high))]", isUnique: permutation != nil)
    }

    package var summary: String { scale > 0 ? "decimal \(low)…\(high) / 10^\(scale)" : "number \(low)…\(high)" }
}

/// Numbers distributed around a mean: `normal`, `lognormal`.
package final class BellGenerator: CellGenerator {
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

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let draw = CellHash.draw(key, row.identity)
        let value = mean + deviation * Curve.normal(CellHash.unit(draw))
        let number = min(max(isLog ? Curve.exp(value) : value, bounds.lowerBound), bounds.upperBound)
        NumberGenerator.write(Int((number * Double(power)).rounded()), power: power, scale: scale, &out)
    }

    package var summary: String { isLog ? "lognormal" : "normal" }

    package var declaration: String? {
        func text(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
        let shape =
            isLog
            ? "lognormal: {median: \(text(Curve.exp(mean))), p99: \(text(Curve.exp(mean + deviation * 2.3263478740408408)))}"
            : "normal: {mean: \(text(mean)), sd: \(text(deviation))}"
        return "{\(shape), min: \(text(bounds.lowerBound)), max: \(text(bounds.upperBound)), round: \(scale)}"
    }
}

package final class BooleanGenerator: CellGenerator {
    private let share: Double
    private let key: UInt64

    package init(share: Double = 0.5, key: UInt64) {
        self.share = share
        self.key = key
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let isTrue = CellHash.unit(CellHash.draw(key, row.identity)) < share
        out.append(isTrue ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    }

    package var domain: Int? { 2 }
    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        out.append(index == 0 ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    }
    package var summary: String { "true or false" }
    package var declaration: String? { "{chance: \(Int((share * 100).rounded()))%}" }
}
