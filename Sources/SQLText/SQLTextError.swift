/// What is wrong with the text of a script.
package struct SQLTextError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// A quotation, a comment or the rows of a COPY that the end of the text cuts off.
        case unterminated
        /// A statement longer than the server would take.
        case tooLong
        /// Text where none may be, such as behind `COPY … FROM stdin;`.
        case misplaced
        /// Not SQL text: another encoding, another format, a NUL byte.
        case notText
    }

    package var code: Code
    /// From 1.
    package var line: Int
    package var message: String
    package var hint: String?

    package init(_ code: Code, line: Int, _ message: String, hint: String? = nil) {
        self.code = code
        self.line = line
        self.message = message
        self.hint = hint
    }

    package var description: String { "line \(line): \(message)" }
}
