internal import SQLText

/// A statement of a dump, in any encoding, of which single tokens can be replaced.
struct StatementText {
    /// Other text than UTF-8 is treated as bytes: names in it are compared only in their ASCII part.
    private let isUTF8: Bool
    var sql: String

    init(_ bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            (sql, isUTF8) = (text, true)
        } else {
            (sql, isUTF8) = (String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })), false)
        }
    }

    var bytes: [UInt8] {
        isUTF8 ? Array(sql.utf8) : sql.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }

    /// The tokens that are significant to the server, with their positions among all tokens.
    var significant: [(place: Int, lexeme: Lexeme)] {
        Array(Lexeme.all(of: sql).enumerated()).filter { !$0.element.kind.isTrivia }.map { ($0.offset, $0.element) }
    }

    /// Replaces the token at a position.
    mutating func replace(_ place: Int, by text: String) {
        var lexemes = Lexeme.all(of: sql).map(\.text)
        lexemes[place] = text
        sql = lexemes.joined()
    }
}

extension Lexeme {
    func isWord(_ word: String) -> Bool { kind == .word && text.uppercased() == word }

    /// The name in the catalog: unquoted words are folded.
    var foldedName: String? { kind == .word ? text.lowercased() : name }
}

extension Lexeme {
    /// The value of a string; nil for other tokens.
    var stringValue: String? {
        guard kind == .string, let mark = text.unicodeScalars.firstIndex(of: "'") else { return nil }
        let escapes = text.unicodeScalars.first.map { $0 == "E" || $0 == "e" } ?? false
        var rest = text.unicodeScalars[text.unicodeScalars.index(after: mark)...].dropLast()
        var value = String.UnicodeScalarView()
        while let next = rest.popFirst() {
            // A quotation mark is doubled. The only escape that pg_dump writes is that of the backslash.
            let isPair = next == "'" || escapes && next == "\\"
            value.append(isPair ? rest.popFirst() ?? next : next)
        }
        return String(value)
    }
}
