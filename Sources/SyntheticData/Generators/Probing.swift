/// Candidates of many forms and sizes, for constraints that accept few values.
///
/// All columns of a candidate also share draws. As a result their values are close together in one candidate and far
/// apart in the next, and most of them are NULL in one candidate and none in another.
final class ProbeGenerator: CellGenerator {
    /// The draws of one cell, and those that all columns of the candidate share.
    struct Draws {
        var own: UInt64
        let shared: UInt64

        mutating func below(_ count: Int) -> Int {
            own = CellHash.next(own)
            return CellHash.below(count, own)
        }

        /// A draw that all columns of the candidate share.
        func common(_ number: Int, below count: Int) -> Int {
            CellHash.below(count, CellHash.mix(shared &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15))
        }

        mutating func one<T>(of values: [T]) -> T { values[below(values.count)] }
    }

    enum Form: Sendable {
        case generator(any CellGenerator)
        case text(@Sendable (inout Draws) -> String)
    }

    private let forms: [Form]
    private let isNullable: Bool
    private let key: UInt64
    private let sharedKey: UInt64

    /// - Parameter sharedKey: The same for all columns that are drawn together.
    init(_ forms: [Form], isNullable: Bool, key: UInt64, sharedKey: UInt64) {
        self.forms = forms
        self.isNullable = isNullable
        self.key = key
        self.sharedKey = sharedKey
    }

    /// Shares of NULL. A candidate uses the same share for all of its columns.
    private static let nullShares = [0, 0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.96]

    func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let shared = CellHash.draw(sharedKey, row.identity)
        var draws = Draws(own: CellHash.draw(key, row.identity), shared: shared)
        if isNullable {
            let share = Self.nullShares[draws.common(0, below: Self.nullShares.count)]
            draws.own = CellHash.next(draws.own)
            if CellHash.unit(draws.own) < share { return out.appendNull() }
        }
        switch draws.one(of: forms) {
        case .generator(let generator): generator.write(row, &out)
        case .text(let form): out.append(value: form(&draws))
        }
    }

    /// Parsed from the text, because any of the forms may have written it.
    func micros(_ row: GeneratedRow) -> Int? {
        var out = CopyBuffer(capacity: 48)
        write(row, &out)
        return out.lend { $0.withMemoryRebound(to: UInt8.self) { WrittenTime.micros($0) } }
    }

    var summary: String { "values that the server accepts" }
}
