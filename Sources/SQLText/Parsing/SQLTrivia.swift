/// What stands between statements and means nothing: blanks, comments, empty statements.
struct SQLTrivia {
    /// The comments, each from its first sign to before the newline that ends it.
    private(set) var comments: [Range<Int>] = []
    /// The first byte that is none of it, or the end.
    private(set) var end: Int

    /// Passes over trivia from the beginning of a range.
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
