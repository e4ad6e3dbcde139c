internal import CPgQuery
import Glibc

/// PostgreSQL's parser, which libpg_query extracted from the server.
///
/// Its state is per thread, so any number of threads may parse at once.
enum PgQuery {
    struct Failure: Error {
        var code: SQLTextError.Code
        var message: String
        /// The position in the text in characters, from 1; 0 if the parser gives none.
        var character: Int
    }

    /// 256 bytes for each level of the limit, twice the measured need of the library.
    private static let stackBytes = NestingEstimate.limit * 256

    /// The tree of a text: its field `stmts` lists the statements.
    ///
    /// - Parameters:
    ///   - text: Without a NUL byte.
    ///   - base: Where the text begins in its script.
    static func parse(_ text: ArraySlice<UInt8>, base: Int) throws(Failure) -> ParseNode {
        // The library walks the tree recursively without a limit. Text nested deeper than a small stack allows is
        // parsed on a thread with a large one; text that no server accepts is refused.
        let depth = text.count <= NestingEstimate.harmlessBytes ? 0 : NestingEstimate.levels(of: text)
        guard depth <= NestingEstimate.limit else {
            throw Failure(code: .tooDeep, message: "this is nested too deeply to be read", character: 0)
        }
        let read = { (text: ArraySlice<UInt8>) in
            depth <= NestingEstimate.harmlessBytes / 2
                ? tape(of: text, base) : onStack(of: stackBytes) { tape(of: text, base) }
        }
        let result = read(text)
        guard case .failure(let failure) = result, failure.code == .syntax, let plain = withoutLineComments(text),
            case .success(let tape) = read(plain[...])
        else { return ParseNode(try result.get(), 0) }
        return ParseNode(tape, 0)
    }

    /// Replaces line comments by blanks; nil if no line comment follows a string.
    ///
    /// The server accepts a comment between the two parts of a string: `'a' -- why`, and `'b'` on the next line. The
    /// library keeps comments as tokens and does not accept it.
    private static func withoutLineComments(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var plain = Array(text)
        var isBehindString = false
        var hasComment = false
        text.withUnsafeBufferPointer { bytes in
            for token in SQLTokens(bytes) {
                switch token.kind {
                case .blanks: break
                case .lineComment:
                    hasComment = hasComment || isBehindString
                    for place in token.range { plain[place] = UInt8(ascii: " ") }
                default: isBehindString = token.kind == .string
                }
            }
        }
        return hasComment ? plain : nil
    }

    private static func tape(of text: ArraySlice<UInt8>, _ base: Int) -> Result<JSONTape, Failure> {
        var result = withTerminator(text) { pg_query_parse($0) }
        defer { pg_query_free_parse_result(result) }
        if let error = result.error {
            let message = error.pointee.message.map { String(cString: $0) } ?? "syntax error"
            return .failure(
                Failure(
                    code: message.hasPrefix("memory exhausted") ? .tooDeep : .syntax,
                    message: message,
                    character: Int(error.pointee.cursorpos)
                )
            )
        }
        guard let tree = result.parse_tree, let tape = JSONTape(adopting: tree, base: base) else {
            return .failure(Failure(code: .syntax, message: "the parser returned no tree", character: 0))
        }
        // The tape keeps the text, because copying a megabyte for a thousand files takes time.
        result.parse_tree = nil
        return .success(tape)
    }

    private static func withTerminator<R>(_ text: ArraySlice<UInt8>, _ body: (UnsafePointer<CChar>) -> R) -> R {
        withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { memory in
            memory.copyBytes(from: text)
            memory[text.count] = 0
            return memory.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
        }
    }
}
