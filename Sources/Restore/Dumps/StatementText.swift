internal import SQLText

/// A statement of a dump, to be changed at its tokens and nowhere else, whatever encoding it is in.
struct StatementText {
    /// Text that is not UTF-8 is taken byte by byte: names in it are only compared as far as they are ASCII.
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

    /// Tokens that mean something to the server, with their places among all of them.
    var significant: [(place: Int, lexeme: Lexeme)] {
        Array(Lexeme.all(of: sql).enumerated()).filter { !$0.element.kind.isTrivia }.map { ($0.offset, $0.element) }
    }

    /// Replaces the token at a place.
    mutating func replace(_ place: Int, by text: String) {
        var lexemes = Lexeme.all(of: sql).map(\.text)
        lexemes[place] = text
        sql = lexemes.joined()
    }
}

extension Lexeme {
    func isWord(_ word: String) -> Bool { kind == .word && text.uppercased() == word }

    /// The name in the catalog: a word without quotation marks is folded.
    var foldedName: String? { kind == .word ? text.lowercased() : name }
}

extension Lexeme {
    /// What a string stands for; nil for other tokens.
    var stringValue: String? {
        guard kind == .string, let mark = text.unicodeScalars.firstIndex(of: "'") else { return nil }
        let escapes = text.unicodeScalars.first.map { $0 == "E" || $0 == "e" } ?? false
        var rest = text.unicodeScalars[text.unicodeScalars.index(after: mark)...].dropLast()
        var value = String.UnicodeScalarView()
        while let next = rest.popFirst() {
            // A mark is doubled; of escapes pg_dump writes none but that of the backslash.
            let isPair = next == "'" || escapes && next == "\\"
            value.append(isPair ? rest.popFirst() ?? next : next)
        }
        return String(value)
    }
}
