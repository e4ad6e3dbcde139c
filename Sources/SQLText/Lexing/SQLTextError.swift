@_exported public import Basics

/// An error in the text of a script.
package struct SQLTextError: GranaryError {
    package enum Code: Sendable, Equatable {
        /// A quotation, a comment or the rows of a COPY that do not end.
        case unterminated
        /// A statement longer than the server accepts.
        case tooLong
        /// Text where none is allowed, such as after `COPY … FROM stdin;`.
        case misplaced
        /// Not SQL text: another encoding, another format, a NUL byte.
        case notText
        /// A statement that the parser does not know. The server may be newer than the parser.
        case syntax
        /// Parentheses or operators nested deeper than any server accepts.
        case tooDeep
    }

    package var code: Code
    /// From 1.
    package var line: Int
    /// In characters of the line, from 1; nil if only the line is known.
    package var column: Int?
    /// In bytes of the text, from 0.
    package var offset: Int?
    /// The word or sign at which the parser stopped.
    package var near: String?
    package var message: String
    package var hint: String?

    package init(_ code: Code, line: Int, _ message: String, hint: String? = nil) {
        self.code = code
        self.line = line
        self.message = message
        self.hint = hint
    }

    /// Text on the line of a `COPY … FROM stdin;`, whose rows begin on the next one.
    static func behindCopy(line: Int) -> SQLTextError {
        SQLTextError(
            .misplaced,
            line: line,
            "text follows COPY … FROM stdin; where its rows should begin",
            hint: "put it on a line of its own, after the rows"
        )
    }

    package var exitStatus: ExitStatus { .failed }

    package var description: String {
        guard let column else { return "line \(line): \(message)" }
        return "line \(line), column \(column): \(message)"
    }
}
