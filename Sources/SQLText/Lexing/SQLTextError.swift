@_exported public import Basics

/// What is wrong with the text of a script.
package struct SQLTextError: GranaryError {
    package enum Code: Sendable, Equatable {
        /// A quotation, a comment or the rows of a COPY that the end of the text cuts off.
        case unterminated
        /// A statement longer than the server would take.
        case tooLong
        /// Text where none may be, such as behind `COPY … FROM stdin;`.
        case misplaced
        /// Not SQL text: another encoding, another format, a NUL byte.
        case notText
        /// Not a statement that the parser knows. The server may be newer than the parser.
        case syntax
        /// Parentheses or operators nested deeper than any server would follow.
        case tooDeep
    }

    package var code: Code
    /// From 1.
    package var line: Int
    /// Of the line, in characters, from 1; nil where only the line is known.
    package var column: Int?
    /// In the text, in bytes, from 0.
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

    package var exitStatus: ExitStatus { .failed }

    package var description: String {
        guard let column else { return "line \(line): \(message)" }
        return "line \(line), column \(column): \(message)"
    }
}
