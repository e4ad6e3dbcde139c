/// The body of a routine or of a DO block, as written between the quotation marks of a statement.
package struct RoutineBody: Sendable {
    /// As it is written.
    package let text: String
    /// The line of the file on which the body begins, which is line 1 of the body.
    package let line: Int
    private let column: Int

    /// The body in the text of a statement; nil if it has none.
    ///
    /// - Parameters:
    ///   - line: Of the statement's first word, from 1.
    ///   - column: Of the statement's first word, in characters from 1.
    package init?(in statement: String, line: Int, column: Int) {
        var place = (line: line, column: column)
        let isBlock = statement.prefix(2).lowercased() == "do"
        var isBehindAs = false
        var found: (text: String, line: Int, column: Int)?
        for lexeme in Lexeme.all(of: statement) {
            // `DO LANGUAGE 'plpgsql' $$…$$`: the last string is the body.
            if lexeme.kind == .dollarString || lexeme.kind == .string, isBehindAs || isBlock {
                let mark = Self.markLength(of: lexeme)
                let inner = String(lexeme.text.dropFirst(mark).dropLast(mark))
                found = (inner, place.line, place.column + mark)
                if isBehindAs { break }
            }
            if !lexeme.kind.isTrivia { isBehindAs = lexeme.kind == .word && lexeme.text.lowercased() == "as" }
            Self.advance(&place, over: lexeme.text)
        }
        guard let found else { return nil }
        (text, self.line, self.column) = found
    }

    /// The length of `'`, `$$` or `$tag$`.
    private static func markLength(of string: Lexeme) -> Int {
        string.kind == .string ? 1 : string.text.dropFirst().prefix { $0 != "$" }.count + 2
    }

    private static func advance(_ place: inout (line: Int, column: Int), over text: some StringProtocol) {
        for scalar in text.unicodeScalars {
            if scalar == "\n" {
                place = (place.line + 1, 1)
            } else {
                place.column += 1
            }
        }
    }

    /// The position in the file of a character in a query that begins on a line of the body or after it.
    ///
    /// - Parameters:
    ///   - character: In the query, from 1.
    ///   - line: Of the body, from 1.
    package func place(of query: String, character: Int?, from line: Int) -> (line: Int, column: Int)? {
        guard !query.isEmpty else { return nil }
        var start = text.startIndex
        for _ in 1..<max(line, 1) {
            guard let end = text[start...].unicodeScalars.firstIndex(of: "\n") else { return nil }
            start = text.unicodeScalars.index(after: end)
        }
        guard let found = text[start...].firstRange(of: query) else { return nil }
        var place = (line: self.line, column: column)
        Self.advance(&place, over: text[..<found.lowerBound])
        Self.advance(
            &place,
            over: String(String.UnicodeScalarView(query.unicodeScalars.prefix(max(0, (character ?? 1) - 1))))
        )
        return place
    }
}
