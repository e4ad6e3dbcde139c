/// Finds where a statement ends, by the rules of psql's scanner (`psqlscan.l`).
struct StatementScanner {
    enum Ending: Equatable {
        case semicolon
        case backslash
        case endOfText
        /// The text ends within a quotation or a comment that begins at this place in the memory.
        case unterminated(TokenKind, Int)
    }

    private var lexer: SQLLexer
    private var parentheses = 0
    /// The depth within the `BEGIN ATOMIC … END` body of a routine; `CASE` ends with `END` too.
    private var body = 0
    private var words = 0
    /// The first letters of the first four words, to recognize `CREATE OR REPLACE FUNCTION`.
    private var head: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
    private var isCopy = false
    private var lastWasFrom = false
    /// The statement is a `COPY … FROM stdin`.
    private(set) var readsRows = false

    init(stringsAreStandard: Bool = true) { lexer = SQLLexer(stringsAreStandard: stringsAreStandard) }

    /// Continues at `position` and leaves it at the byte that ends the statement; nil if that is not in memory.
    ///
    /// - Parameter isLast: The text ends with the memory.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, isLast: Bool) -> Ending? {
        while true {
            if !lexer.isInToken {
                while position < bytes.count, !bytes[position].isSpecial { position += 1 }
                guard position < bytes.count else { return isLast ? .endOfText : nil }
                switch bytes[position] {
                case UInt8(ascii: ";"): if parentheses == 0, body == 0 { return .semicolon }
                case UInt8(ascii: "\\"): return .backslash
                case UInt8(ascii: "("): parentheses += 1
                case UInt8(ascii: ")"): parentheses = max(0, parentheses - 1)
                default: break
                }
            }
            guard let token = lexer.next(bytes, &position, isLast: isLast) else { return nil }
            guard token.isClosed else { return .unterminated(token.kind, token.range.lowerBound) }
            guard token.kind == .word else { continue }
            // After a dot follows a name, not a keyword: a function may be called `public.begin`.
            let isPart = token.range.lowerBound > 0 && bytes[token.range.lowerBound - 1] == UInt8(ascii: ".")
            if !isPart { note(UnsafeBufferPointer(rebasing: bytes[token.range])) }
        }
    }
}

extension SQLTextError {
    /// - Parameter line: Where the quotation or comment begins.
    static func unterminated(_ kind: TokenKind, line: Int) -> SQLTextError {
        let what =
            switch kind {
            case .quotedName: "a quoted name"
            case .dollarString: "a dollar-quoted string"
            case .blockComment: "a comment"
            default: "a string"
            }
        return SQLTextError(
            .unterminated,
            line: line,
            "\(what) that begins here does not end",
            hint: "the file may be cut off"
        )
    }
}

// Words.
extension StatementScanner {
    private mutating func note(_ word: UnsafeBufferPointer<UInt8>) {
        if words < 4 { noteHead(word) }
        words += 1
        if isCopy, parentheses == 0 {
            if lastWasFrom, word.isWord("stdin") { readsRows = true }
            lastWasFrom = word.isWord("from")
        }
        guard isRoutine, parentheses == 0 else { return }
        if word.isWord("begin") {
            body += 1
        } else if word.isWord("case"), body > 0 {
            body += 1
        } else if word.isWord("end"), body > 0 {
            body -= 1
        }
    }

    private mutating func noteHead(_ word: UnsafeBufferPointer<UInt8>) {
        if words == 0 { isCopy = word.isWord("copy") }
        let isOfRoutines =
            word.isWord("create") || word.isWord("or") || word.isWord("replace") || word.isWord("function")
            || word.isWord("procedure")
        let letter = isOfRoutines ? word[0] | 0x20 : 0
        switch words {
        case 0: head.0 = letter
        case 1: head.1 = letter
        case 2: head.2 = letter
        default: head.3 = letter
        }
    }

    private var isRoutine: Bool {
        let (f, p) = (UInt8(ascii: "f"), UInt8(ascii: "p"))
        guard head.0 == UInt8(ascii: "c") else { return false }
        if head.1 == f || head.1 == p { return true }
        return head.1 == UInt8(ascii: "o") && head.2 == UInt8(ascii: "r") && (head.3 == f || head.3 == p)
    }
}

extension UInt8 {
    /// It may begin a token that affects where a statement ends, or end the statement.
    fileprivate var isSpecial: Bool {
        switch self {
        case UInt8(ascii: ";"), UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "$"),
            UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "("), UInt8(ascii: ")"):
            true
        default: startsName
        }
    }
}
