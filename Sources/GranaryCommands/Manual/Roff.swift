/// Text in the form that the macros of man(7) need.
enum Roff {
    /// Linters of manual pages ask for short source lines.
    private static let columns = 76

    /// A paragraph of prose, in lines.
    static func prose(_ text: String) -> String { wrapped(escaped(text)) }

    /// Text that is already roff, in lines.
    static func wrapped(_ text: String) -> String {
        var lines: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            if let last = lines.last, last.count + 1 + word.count <= columns {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.map(line).joined(separator: "\n")
    }

    /// Unchanged lines in a fixed-width font.
    static func example(_ lines: [some StringProtocol]) -> String {
        ".PP\n.in +4n\n.nf\n" + lines.map { line(literal($0)) }.joined(separator: "\n") + "\n.fi\n.in"
    }

    static func bold(_ text: String) -> String { "\\fB\(literal(text))\\fR" }
    static func italic(_ text: String) -> String { "\\fI\(literal(text))\\fR" }

    /// An entry of a list: the term, already in roff, and its explanation.
    static func entry(_ head: String, _ text: String) -> String { ".TP\n\(line(head))\n\(prose(text))" }

    static func escaped(_ text: some StringProtocol) -> String {
        String(text).replacing("\\", with: "\\e").replacing("…", with: "...")
    }

    /// Literal input: a minus stays a minus, not a hyphen.
    static func literal(_ text: some StringProtocol) -> String { escaped(text).replacing("-", with: "\\-") }

    /// A line of text that cannot be mistaken for a macro.
    private static func line(_ text: String) -> String {
        text.hasPrefix(".") || text.hasPrefix("'") ? "\\&\(text)" : text
    }
}
