/// A Mustache template: variables, sections, inverted sections, comments and changed delimiters.
///
/// Omits features that SQL files do not need: HTML escaping, partials and functions.
///
/// Source: the specification of Mustache, https://mustache.github.io/mustache.5.html
struct MustacheTemplate: Sendable {
    /// The value of a name in a template.
    enum Value: Sendable {
        case text(String)
        /// Writes a section if it is true.
        case flag(Bool)
        /// Writes a section once for each element. In the section, `{{.}}` is the element.
        case list([String])
    }

    /// Why a text is not a template.
    struct Problem: Error, Sendable, Equatable {
        let line: Int
        let message: String
    }

    fileprivate indirect enum Part: Sendable {
        case text(String)
        case variable(String)
        case section(String, [Part], isInverted: Bool)
    }

    private let parts: [Part]

    init(_ text: String) throws(Problem) {
        var parser = MustacheParser(text)
        parts = try parser.parts()
    }

    /// A name without a value is rendered as empty text, and as a false section.
    func render(_ values: [String: Value]) -> String {
        var output = ""
        MustacheTemplate.render(parts, values, element: nil, into: &output)
        return output
    }

    private static func render(
        _ parts: [Part],
        _ values: [String: Value],
        element: String?,
        into output: inout String
    ) {
        for part in parts {
            switch part {
            case .text(let text): output += text
            case .variable("."): output += element ?? ""
            case .variable(let name): output += values[name]?.text ?? ""
            case .section(let name, let inner, let isInverted):
                let value = name == "." ? element.map { Value.text($0) } : values[name]
                if isInverted {
                    if !(value?.isTrue ?? false) { render(inner, values, element: element, into: &output) }
                } else if case .list(let elements)? = value {
                    for element in elements { render(inner, values, element: element, into: &output) }
                } else if case .text(let text)? = value {
                    render(inner, values, element: text, into: &output)
                } else if value?.isTrue ?? false {
                    render(inner, values, element: element, into: &output)
                }
            }
        }
    }
}

extension MustacheTemplate.Value {
    fileprivate var text: String {
        switch self {
        case .text(let text): text
        case .flag(let flag): flag ? "true" : "false"
        case .list(let texts): texts.joined(separator: ", ")
        }
    }

    fileprivate var isTrue: Bool {
        switch self {
        case .text: true
        case .flag(let flag): flag
        case .list(let texts): !texts.isEmpty
        }
    }
}

/// Parses a template from beginning to end.
private struct MustacheParser {
    private var rest: Substring
    private var open = "{{"
    private var close = "}}"
    private var line = 1
    /// Whether there are only blanks since the last line break.
    private var isLineStart = true
    /// The parts of the open sections, the outermost first.
    private var sections: [(name: String, isInverted: Bool, line: Int, outer: [MustacheTemplate.Part])] = []
    private var current: [MustacheTemplate.Part] = []

    init(_ text: String) { rest = Substring(text) }

    mutating func parts() throws(MustacheTemplate.Problem) -> [MustacheTemplate.Part] {
        while let start = rest.firstRange(of: open) {
            var text = String(rest[..<start.lowerBound])
            rest = rest[start.upperBound...]
            countLines(of: text)
            let tagLine = line
            let tag = try tag()
            if tag.mayStandAlone, isLineStart, skipRestOfBlankLine() {
                // A tag alone on its line is removed with the whole line, including the blanks before it.
                while text.last == " " || text.last == "\t" { text.removeLast() }
            } else {
                isLineStart = false
            }
            append(text)
            try take(tag, tagLine)
        }
        append(String(rest))
        if let section = sections.last { throw problem("{{#\(section.name)}} is not closed", section.line) }
        return current
    }

    private enum Tag {
        case variable(String)
        case section(String, isInverted: Bool)
        case end(String)
        case comment
        case delimiters(open: String, close: String)

        var mayStandAlone: Bool {
            if case .variable = self { return false }
            return true
        }
    }

    private mutating func tag() throws(MustacheTemplate.Problem) -> Tag {
        let isTriple = open == "{{" && rest.first == "{"
        let end = isTriple ? "}}}" : rest.first == "=" ? "=\(close)" : close
        let mark = isTriple ? "{" : rest.first.map(String.init) ?? ""
        let content = rest.dropFirst("#^/!&={>".contains(mark) && !mark.isEmpty ? 1 : 0)
        guard let range = content.firstRange(of: end) else { throw problem("a tag is not closed with \(end)", line) }
        let text = content[..<range.lowerBound]
        rest = rest[range.upperBound...]
        let name = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        let tag = try tag(mark, name, String(text))
        line += text.count { $0.isNewline }
        return tag
    }

    private func tag(_ mark: String, _ name: String, _ text: String) throws(MustacheTemplate.Problem) -> Tag {
        switch mark {
        case "!": return .comment
        case "=":
            let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.count == 2 else { throw problem("two delimiters are expected between {{= and =}}", line) }
            return .delimiters(open: words[0], close: words[1])
        case ">": throw problem("{{>\(name)}}: templates do not include others", line)
        default: break
        }
        guard !name.isEmpty, !name.contains(where: \.isWhitespace) else {
            throw problem("a tag holds one name, and this one is \"\(name)\"", line)
        }
        switch mark {
        case "#": return .section(name, isInverted: false)
        case "^": return .section(name, isInverted: true)
        case "/": return .end(name)
        default: return .variable(name)
        }
    }

    private mutating func take(_ tag: Tag, _ line: Int) throws(MustacheTemplate.Problem) {
        switch tag {
        case .variable(let name): current.append(.variable(name))
        case .comment: break
        case .delimiters(let open, let close): (self.open, self.close) = (open, close)
        case .section(let name, let isInverted):
            sections.append((name, isInverted, line, current))
            current = []
        case .end(let name):
            guard let section = sections.popLast() else { throw problem("{{/\(name)}} closes nothing", line) }
            guard section.name == name else {
                throw problem("{{/\(name)}} closes {{#\(section.name)}} of line \(section.line)", line)
            }
            current = section.outer + [.section(name, current, isInverted: section.isInverted)]
        }
    }

    private mutating func append(_ text: String) {
        if !text.isEmpty { current.append(.text(text)) }
    }

    private mutating func countLines(of text: String) {
        for character in text {
            if character.isNewline {
                line += 1
                isLineStart = true
            } else if character != " ", character != "\t" {
                isLineStart = false
            }
        }
    }

    /// Skips blanks and a line break.
    ///
    /// - Returns: False, without skipping anything, if other text follows on this line.
    private mutating func skipRestOfBlankLine() -> Bool {
        let next = rest.drop { $0 == " " || $0 == "\t" }
        guard next.first?.isNewline ?? true else { return false }
        rest = next.dropFirst()
        if next.first != nil { line += 1 }
        return true
    }

    private func problem(_ message: String, _ line: Int) -> MustacheTemplate.Problem {
        MustacheTemplate.Problem(line: line, message: message)
    }
}
