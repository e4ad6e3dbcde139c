/// The kind of a token.
package enum TokenKind: Sendable {
    case blanks
    /// `-- …`, without the end of its line.
    case lineComment
    /// `/* … */`, which may hold others.
    case blockComment
    /// A key word, a name without quotation marks, or the prefix of a string that is not E: U&, B, X, N.
    case word
    /// A token that begins with a digit: `12`, `1.5`, `0xFF`, `1_000`.
    case number
    /// `"…"`
    case quotedName
    /// `'…'`, and `E'…'` with its prefix.
    case string
    /// `$$…$$` and `$tag$…$tag$`
    case dollarString
    /// Any other byte; an operator may have several.
    case sign

    /// The server ignores it.
    package var isTrivia: Bool { self == .blanks || self == .lineComment || self == .blockComment }
}

/// The tokens of a text that is completely in memory. An unterminated quotation or comment extends to the end.
struct SQLTokens: Sequence, IteratorProtocol {
    let bytes: UnsafeBufferPointer<UInt8>
    /// The position after the last token that `next` returned.
    private(set) var position: Int
    private var lexer = SQLLexer()

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        position = 0
    }

    /// The tokens of a range. Their positions are offsets in the whole text.
    init(_ bytes: UnsafeBufferPointer<UInt8>, in range: Range<Int>) {
        self.bytes = UnsafeBufferPointer(rebasing: bytes[..<range.upperBound])
        position = range.lowerBound
    }

    mutating func next() -> SQLLexer.Token? { lexer.next(bytes, &position, isLast: true) }

    /// The next token that is neither blanks nor a comment.
    mutating func nextSignificant() -> SQLLexer.Token? {
        while let token = next() { if !token.kind.isTrivia { return token } }
        return nil
    }

    /// Skips the next significant token if it is this sign.
    mutating func takes(_ sign: UInt8) -> Bool {
        var ahead = self
        guard let token = ahead.nextSignificant(), token.kind == .sign, bytes[token.range.lowerBound] == sign else {
            return false
        }
        self = ahead
        return true
    }

    func text(_ token: SQLLexer.Token) -> String { String(decoding: self[token], as: UTF8.self) }

    /// The name that a word or a quoted name means; nil for other tokens.
    func name(_ token: SQLLexer.Token) -> String? {
        switch token.kind {
        case .quotedName: text(token).unquotedName
        // In UTF-8 databases the server folds only ASCII.
        case .word: String(decoding: self[token].map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        default: nil
        }
    }

    subscript(_ token: SQLLexer.Token) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[token.range])
    }
}

/// A token with its text, for modules that analyse statements.
package struct Lexeme: Sendable {
    package let kind: TokenKind
    /// As it is written.
    package let text: String

    /// All tokens of a text, blanks and comments included: their texts joined are the text.
    package static func all(of sql: String) -> [Lexeme] {
        var sql = sql
        return sql.withUTF8 { bytes in
            let tokens = SQLTokens(bytes)
            return tokens.map { Lexeme(kind: $0.kind, text: tokens.text($0)) }
        }
    }

    /// The name that a word or a quoted name means; nil for other tokens.
    package var name: String? {
        switch kind {
        case .word: text
        case .quotedName: text.unquotedName
        default: nil
        }
    }
}

extension String {
    /// The name without the quotation marks around it, and with doubled ones reduced to one.
    fileprivate var unquotedName: String {
        var name: [UInt8] = []
        var isDoubled = false
        for byte in utf8.dropFirst().dropLast() {
            isDoubled = byte == UInt8(ascii: "\"") && !isDoubled
            if !isDoubled { name.append(byte) }
        }
        return String(decoding: name, as: UTF8.self)
    }
}
