/// The same value, or NULL, for all rows.
package final class ConstantGenerator: CellGenerator {
    private let bytes: [UInt8]
    private let text: String?

    package init(_ text: String?) {
        self.text = text
        var buffer = CopyBuffer()
        buffer.append(value: text)
        bytes = buffer.bytes()
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(bytes) }
    package var domain: Int? { 1 }
    package var summary: String { text == nil ? "NULL" : "constant" }
    package var declaration: String? { text.map(Declaration.quoted) ?? "null" }
}

/// One of several values, chosen by weight.
package final class ChoiceGenerator: CellGenerator {
    private let values: [[UInt8]]
    private let texts: [String?]
    /// Cumulative weights; nil if all are equal.
    private let sums: [Double]?
    private let key: UInt64
    private let name: String
    private let permutation: Permutation?

    package init(
        _ texts: [String?],
        weights: [Double]? = nil,
        name: String = "one of",
        key: UInt64,
        isUnique: Bool = false
    ) {
        self.texts = texts
        values = texts.map { CopyBuffer.bytes(of: $0) }
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

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if let permutation { return out.append(values[permutation(min(row.number, permutation.count - 1))]) }
        let draw = CellHash.draw(key, row.identity)
        guard let sums else { return out.append(values[CellHash.below(values.count, draw)]) }
        let share = CellHash.unit(draw)
        out.append(values[sums.firstIndex { share < $0 } ?? values.count - 1])
    }

    package var domain: Int? { values.count }
    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) { out.append(values[index]) }
    package var isUnique: Bool { permutation != nil }
    package var summary: String { "\(name) \(values.count)" }

    package var declaration: String? {
        guard sums == nil, values.count <= 50 else { return nil }
        let list = texts.map { $0.map(Declaration.quoted) ?? "null" }.joined(separator: ", ")
        return Declaration.mapping("pick: [\(list)]", isUnique: permutation != nil)
    }
}

/// The values that `per` combines with its parents.
package final class CombinationGenerator: CellGenerator {
    private let values: [[UInt8]]
    private let stride: Int

    package init(_ texts: [String?], stride: Int) {
        values = texts.map { CopyBuffer.bytes(of: $0) }
        self.stride = stride
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        out.append(values[row.combination / stride % values.count])
    }
    package var summary: String { "each of \(values.count)" }
}

/// One generator or another, depending on a column of the same row.
package final class CaseGenerator: CellGenerator {
    package struct Branch: Sendable {
        let condition: RowCondition
        let generator: any CellGenerator

        package init(condition: RowCondition, generator: any CellGenerator) {
            self.condition = condition
            self.generator = generator
        }
    }

    private let branches: [Branch]
    private let otherwise: any CellGenerator
    private let name: String

    package init(_ branches: [Branch], otherwise: any CellGenerator, name: String) {
        self.branches = branches
        self.otherwise = otherwise
        self.name = name
    }

    private func chosen(_ row: GeneratedRow, _ out: inout CopyBuffer) -> any CellGenerator {
        for branch in branches where branch.condition.holds(row, &out) { return branch.generator }
        return otherwise
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { chosen(row, &out).write(row, &out) }

    package func micros(_ row: GeneratedRow) -> Int? {
        var scratch = CopyBuffer(capacity: 64)
        return chosen(row, &scratch).micros(row)
    }

    package var summary: String { name }
}

/// `status = refunded`, `status != draft`, `status in (a, b)`, `refund is null`, `refund is not null`.
package struct RowCondition: Sendable {
    private let column: any CellGenerator
    /// The values as COPY text.
    private let values: [[UInt8]]
    private let isNegated: Bool

    package init(_ column: any CellGenerator, values: [String?], isNegated: Bool) {
        self.column = column
        self.values = values.map { CopyBuffer.bytes(of: $0) }
        self.isNegated = isNegated
    }

    func holds(_ row: GeneratedRow, _ out: inout CopyBuffer) -> Bool {
        // Writes the value to the end of the buffer, compares it, and removes it.
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

/// Parts of declarations, as YAML.
package enum Declaration {
    /// A text, in double quotes if YAML could read it as something else.
    package static func quoted(_ text: String) -> String {
        let isPlain =
            text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_"
            }
            && !text.isEmpty
            && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        if isPlain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\u{85}", "\u{2028}", "\u{2029}":
                quoted +=
                    "\\u\(FormGenerator.hex(Int(scalar.value) >> 8))\(FormGenerator.hex(Int(scalar.value) & 0xFF))"
            case _ where scalar.value < 0x20:
                quoted += "\\x\(FormGenerator.hex(Int(scalar.value)))"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    static func mapping(_ text: String, isUnique: Bool = false) -> String {
        "{\(text)\(isUnique ? ", unique: true" : "")}"
    }
}
