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

    /// A word that a POSIX shell takes as it is, quoted only where it must be.
    ///
    /// A terminal is shown no control character, so those are left to the shell's `printf`, which has no other way to say
    /// them in every shell.
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

    /// `"$(printf 'two\012lines')"`. What a command prints loses the line breaks at its end, so those stand behind it: the
    /// third of the characters that a shell separates words by.
    private static func printed(_ word: String) -> String {
        let breaks = word.unicodeScalars.reversed().prefix { $0 == "\n" }.count
        let text = String(word.unicodeScalars.dropLast(breaks))
        let format = scalars(text) { scalar in
            switch scalar {
            case "'": "'\\''"
            case "%": "%%"
            case "\\": "\\\\"
            // A format that begins with it would be an option.
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

    /// C0, DEL, C1, line and paragraph separators, and the marks that turn the direction of what follows.
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
