/// Quoting where no connection is at hand, scalar by scalar.
///
/// Swift's characters will not do: a quote and the combining accent after it are one character, which is not the
/// quote, and so it would pass unescaped.
package enum QuotedText {
    /// A name in double quotes: `quote_ident` with the quotes always on.
    package static func name(_ name: String) -> String { "\"\(escaping(name, ["\""], with: "\""))\"" }

    /// Text as an array literal, to be bound as one parameter.
    package static func array(_ elements: [String]) -> String {
        "{\(elements.map { "\"\(escaping($0, ["\"", "\\"], with: "\\"))\"" }.joined(separator: ","))}"
    }

    /// A value of a `keyword='value'` connection string.
    package static func connectionValue(_ value: String) -> String { "'\(escaping(value, ["'", "\\"], with: "\\"))'" }

    private static func escaping(_ text: String, _ special: Set<Unicode.Scalar>, with escape: Unicode.Scalar) -> String
    {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if special.contains(scalar) { scalars.append(escape) }
            scalars.append(scalar)
        }
        return String(scalars)
    }
}
