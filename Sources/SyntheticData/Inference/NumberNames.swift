/// The kinds of numbers that a column's name suggests. The first matching rule of `NumberRule.all` is used.
struct NumberRule: Sendable {
    enum Values: Sendable {
        case range(ClosedRange<Double>)
        /// Amounts of money: many small ones and a few large ones.
        case amount
    }

    let words: [String]
    /// The text for `--explain`, after "named like".
    let what: String
    let values: Values

    func applies(to name: String, _ column: ColumnShape) -> Bool {
        guard NameMatch.has(words, in: name) else { return false }
        guard case .amount = values else { return true }
        return column.facts.least ?? 0 >= 0 && column.facts.most == nil
    }

    static let all: [NumberRule] = [
        NumberRule(
            words: [
                "price", "amount", "total", "cost", "fee", "subtotal", "balance", "salary", "revenue", "net", "gross",
            ],
            what: "an amount",
            values: .amount
        ),
        NumberRule(words: ["age"], what: "an age", values: .range(18...90)),
        NumberRule(words: ["quantity", "qty", "count", "stock", "seats"], what: "a quantity", values: .range(1...100)),
        NumberRule(words: ["rating", "stars"], what: "a rating", values: .range(1...5)),
        NumberRule(
            words: ["percent", "percentage", "discount_percent"],
            what: "a percentage",
            values: .range(0...100)
        ),
        NumberRule(
            words: ["ratio", "share", "probability", "tax_rate", "rate"],
            what: "a ratio",
            values: .range(0...1)
        ),
        NumberRule(words: ["latitude", "lat"], what: "a latitude", values: .range(-90...90)),
        NumberRule(words: ["longitude", "lng", "lon"], what: "a longitude", values: .range(-180...180)),
        NumberRule(words: ["year"], what: "a year", values: .range(1990...2030)),
        NumberRule(words: ["month"], what: "a month", values: .range(1...12)),
        NumberRule(words: ["day"], what: "a day", values: .range(1...28)),
        NumberRule(
            words: ["weight", "height", "width", "length", "size", "duration"],
            what: "a measure",
            values: .range(1...500)
        ),
    ]
}

extension GeneratorInference {
    func numberNamed(_ name: String, _ column: ColumnShape) -> Choice? {
        guard let rule = NumberRule.all.first(where: { $0.applies(to: name, column) }) else { return nil }
        let reason = "named like \(rule.what)"
        switch rule.values {
        case .range(let range): return Choice(generator: number(column, false, usual: range), reason: reason)
        case .amount:
            if column.typeName.hasPrefix("int") || NameMatch.has(["cents"], in: name) {
                return Choice(generator: number(column, false, usual: 100...50_000), reason: reason)
            }
            return Choice(generator: amount(column), reason: reason, nulls: 0.05)
        }
    }

    private func amount(_ column: ColumnShape) -> any CellGenerator {
        let limits = column.limits
        guard limits.range.upperBound >= 1 else { return number(column, false, usual: 0...1) }
        return BellGenerator(
            mean: Curve.log(min(40, limits.range.upperBound / 4)),
            deviation: 1,
            isLog: true,
            bounds: max(column.facts.least ?? 0.01, 0.01)...min(limits.range.upperBound, 100_000),
            scale: limits.scale,
            key: key(column.name)
        )
    }
}
