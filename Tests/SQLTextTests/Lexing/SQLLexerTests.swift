import TestSupport
import Testing

@testable import SQLText

@Suite struct SQLLexerTests {
    /// The tokens of a text that is completely in memory, without blanks.
    private func tokens(_ text: String, standard: Bool = true) -> [String] {
        let bytes = Array(text.utf8)
        return read(bytes, ends: [bytes.count], standard: standard).filter { $0.kind != .blanks }.map { token in
            "\(token.kind) \(String(decoding: bytes[token.range], as: UTF8.self))" + (token.isClosed ? "" : " …")
        }
    }

    /// The tokens of a text that arrives in parts, which end at the given positions.
    private func read(_ bytes: [UInt8], ends: [Int], standard: Bool = true) -> [SQLLexer.Token] {
        var lexer = SQLLexer(stringsAreStandard: standard)
        var position = 0
        var tokens: [SQLLexer.Token] = []
        for end in ends {
            bytes[..<end].withUnsafeBufferPointer { memory in
                while let token = lexer.next(memory, &position, isLast: end == bytes.count) { tokens.append(token) }
            }
        }
        return tokens
    }

    private static let parts = [
        "'", "''", "\"", "\"\"", "$$", "$a$", "$é$", "$", "$1", "E'", "e'a\\'", "U&'", "U&\"a\"", "\\", "\\.", "\n",
        "\r\n",
        " ", "-", "--", "/", "*", "/*", "*/", ";", "(", "a", "E", "é", "1.5", "0x1F", "1_0", "-- x\n", "\t'b'",
    ]

    @Test func aTextThatIsCutAnywhereHasTheTokensOfTheWhole() throws {
        var random = seededRandom()
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 1...14, using: &random)).map { _ in Self.parts.randomElement(using: &random)!
            }
            let bytes = Array(text.joined().utf8)
            let standard = Bool.random(using: &random)
            let whole = read(bytes, ends: [bytes.count], standard: standard).map { "\($0)" }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            for ends in [Array(0...bytes.count), [cut, bytes.count, bytes.count]] {
                let pieces = read(bytes, ends: ends, standard: standard).map { "\($0)" }
                try #require(pieces == whole, "cut at \(ends): \(text.joined())")
            }
        }
    }

    @Test func tokensLieBesideEachOtherFromTheBeginningToTheEnd() throws {
        var random = seededRandom()
        for _ in 0..<500 {
            let text = (0..<12).map { _ in Self.parts.randomElement(using: &random)! }.joined()
            let tokens = read(Array(text.utf8), ends: [text.utf8.count])
            try #require(Lexeme.all(of: text).map(\.text).joined() == text)
            try #require(
                zip(tokens, tokens.dropFirst()).allSatisfy { $0.range.upperBound == $1.range.lowerBound },
                "\(text)"
            )
        }
    }

    @Test func blockCommentsHoldOthers() {
        #expect(tokens("/* a /* b */ c */d") == ["blockComment /* a /* b */ c */", "word d"])
    }

    @Test func aLineCommentEndsAtANewlineOrACarriageReturn() {
        #expect(tokens("--a\rb--c\nd") == ["lineComment --a", "word b", "lineComment --c", "word d"])
    }

    @Test func aDollarQuotationEndsAtItsOwnTag() {
        #expect(tokens("$a$ $$ $b$ $a $a$$$;$$") == ["dollarString $a$ $$ $b$ $a $a$", "dollarString $$;$$"])
    }

    @Test func aDollarInANameOrBeforeADigitBeginsNoQuotation() {
        #expect(tokens("a$b$ $1") == ["word a$b$", "sign $", "number 1"])
        #expect(tokens("1$$a$$") == ["number 1", "dollarString $$a$$"])
    }

    @Test func aBackslashHidesAQuoteInEscapeStringsAlone() {
        #expect(tokens(#"'\' E'\'' te'\'"#) == [#"string '\'"#, #"string E'\''"#, "word te", #"string '\'"#])
    }

    @Test func aBackslashHidesAQuoteInEachStringWhileStringsAreNotStandard() {
        #expect(tokens(#"'\'' "\""#, standard: false) == [#"string '\''"#, #"quotedName "\""#])
    }

    @Test func anEscapeStringContinuesBehindALineBreak() {
        #expect(tokens("E'a' -- b\n '\\'' 'c'") == ["string E'a' -- b\n '\\''", "string 'c'"])
        #expect(tokens("E'a' '\\'") == ["string E'a'", "string '\\'"])
    }

    @Test func aDoubledQuoteBelongsToItsQuotation() {
        #expect(tokens(#"'a''b'"c""d""#) == ["string 'a''b'", #"quotedName "c""d""#])
    }

    @Test func otherPrefixesAreWords() {
        #expect(tokens(#"U&"a" x'1F'"#) == ["word U", "sign &", #"quotedName "a""#, "word x", "string '1F'"])
    }

    @Test func lettersBeyondASCIIBelongToWordsAndTags() {
        #expect(tokens("été$ü$ $ü$x$ü$") == ["word été$ü$", "dollarString $ü$x$ü$"])
    }

    @Test func aBackslashOutsideOfQuotationsIsASign() {
        #expect(tokens("a \\gset") == ["word a", "sign \\", "word gset"])
    }

    @Test(arguments: ["'a", "\"a", "$a$ a", "E'\\", "/* /* */"])
    func unterminatedTokensReachTheEndAndAreNotClosed(text: String) {
        #expect(tokens(text).map { $0.hasSuffix("\(text) …") } == [true])
    }

    @Test func aNameIsUnquotedOrFolded() {
        let names = Lexeme.all(of: #"Ab "C""d" 'x'"#).map(\.name)
        #expect(names == ["Ab", nil, "C\"d", nil, nil])
        #expect(StatementWords.copyTable(Array(#"COPY Ab."C""d" FROM stdin"#.utf8)) == ["ab", "C\"d"])
    }
}
