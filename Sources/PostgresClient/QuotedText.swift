/// Quoting without a connection, scalar by scalar.
///
/// Swift's characters must not be used here: a quote followed by a combining accent is one character, different from
/// the quote, and would not be escaped.
package enum QuotedText {
    /// A name in double quotes: `quote_ident` with the quotes always on.
    package static func name(_ name: String) -> String { "\"\(escaping(name, ["\""], with: "\""))\"" }

    /// An array literal, to be bound as one parameter.
    package static func array(_ elements: [String]) -> String {
        "{\(elements.map { "\"\(escaping($0, ["\"", "\\"], with: "\\"))\"" }.joined(separator: ","))}"
    }

    /// A value of a `keyword='value'` connection string.
    package static func connectionValue(_ value: String) -> String { "'\(escaping(value, ["'", "\\"], with: "\\"))'" }

    /// A word for a POSIX shell, quoted only if necessary.
    ///
    /// Control characters must not reach a terminal, so they are left to the shell's `printf`. No other way works in
    /// every shell.
    package static func shellWord(_ word: String) -> String {
        if word.unicodeScalars.contains(where: isControl) { return printed(word) }
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "/"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
        return isPlain && !word.isEmpty ? word : "'\(scalars(word) { $0 == "'" ? "'\\''" : nil })'"
    }

    /// `"$(printf 'two\012lines')"`. A command substitution removes line breaks at the end, so those follow it: in the
    /// third of the characters that separate words in a shell.
    private static func printed(_ word: String) -> String {
        let breaks = word.unicodeScalars.reversed().prefix { $0 == "\n" }.count
        let text = String(word.unicodeScalars.dropLast(breaks))
        let format = scalars(text) { scalar in
            switch scalar {
            case "'": "'\\''"
            case "%": "%%"
            case "\\": "\\\\"
            // A format that begins with a dash would be an option.
            case "-": "\\055"
            case _ where isControl(scalar): Character(scalar).utf8.map(octal).joined()
            default: nil
            }
        }
        return "\"$(printf '\(format)')" + String(repeating: "${IFS#??}", count: breaks) + "\""
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return "\\" + String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }

    /// C0, DEL, C1, line and paragraph separators, and characters that change the direction of text.
    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    private static func scalars(_ text: String, _ replacement: (Unicode.Scalar) -> String?) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let replacement = replacement(scalar) {
                scalars.append(contentsOf: replacement.unicodeScalars)
            } else {
                scalars.append(scalar)
            }
        }
        return String(scalars)
    }

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
