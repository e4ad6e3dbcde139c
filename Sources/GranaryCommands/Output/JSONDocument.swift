/// A JSON value whose objects keep the order of their keys. Written without Foundation.
package enum JSONDocument: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    case null
    case bool(Bool)
    case integer(Int)
    /// Seconds and ratios: written with at most three decimals.
    case number(Double)
    case string(String)
    indirect case array([JSONDocument])
    indirect case object([Field])

    package struct Field: Sendable, Equatable {
        package var key: String
        package var value: JSONDocument
    }

    package static func object(_ fields: KeyValuePairs<String, JSONDocument>) -> JSONDocument {
        .object(fields.map { Field(key: $0.key, value: $0.value) })
    }

    package static func optional(_ text: String?) -> JSONDocument { text.map { .string($0) } ?? .null }
    package static func optional(_ number: Int?) -> JSONDocument { number.map { .integer($0) } ?? .null }
    package static func strings(_ texts: [String]) -> JSONDocument { .array(texts.map { .string($0) }) }

    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }

    /// The document on one line (RFC 8259).
    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += Self.decimal(value)
        case .string(let value): Self.write(value, to: &text)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .object(let fields):
            text += "{"
            for (index, field) in fields.enumerated() {
                if index > 0 { text += "," }
                Self.write(field.key, to: &text)
                text += ":"
                field.value.write(to: &text)
            }
            text += "}"
        }
    }

    /// JSON has no infinity and no NaN; such a figure is unknown.
    private static func decimal(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "null" }
        let thousandths = Int((abs(value) * 1000).rounded())
        let sign = value < 0 && thousandths > 0 ? "-" : ""
        let whole = "\(sign)\(thousandths / 1000)"
        guard thousandths % 1000 > 0 else { return whole }
        var decimals = String(String(thousandths % 1000 + 1000).dropFirst())
        while decimals.hasSuffix("0") { decimals.removeLast() }
        return "\(whole).\(decimals)"
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // Includes characters that JSON permits, because a terminal may show the document.
            case _ where Formatting.isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
