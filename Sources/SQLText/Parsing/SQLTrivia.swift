/// Text between statements without meaning: blanks, comments, empty statements.
struct SQLTrivia {
    /// The comments, each from its first character to just before its newline.
    private(set) var comments: [Range<Int>] = []
    /// The first byte after the trivia, or the end.
    private(set) var end: Int

    /// Skips trivia from the beginning of a range.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        end = range.lowerBound
        bytes.withUnsafeBufferPointer { read(SQLTokens($0, in: range)) }
    }

    private mutating func read(_ tokens: SQLTokens) {
        for token in tokens where token.isClosed {
            switch token.kind {
            case .blanks: break
            case .lineComment, .blockComment: comments.append(token.range)
            case .sign where tokens.bytes[token.range.lowerBound] == UInt8(ascii: ";"): break
            default: return
            }
            end = token.range.upperBound
        }
    }
}
