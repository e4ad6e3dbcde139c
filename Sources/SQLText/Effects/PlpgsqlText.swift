/// The SQL statements in a PL/pgSQL body, found by keywords.
///
/// Only the tables that a body names are needed. So it cuts wherever a statement can begin, and ignores text that does
/// not parse: a variable where no expression is allowed, or the clause of a loop.
struct PlpgsqlText {
    private(set) var statements: [String] = []
    /// EXECUTE: the statement is put together at run time.
    private(set) var isDynamic = false
    private(set) var endsTransaction = false
    /// One of these words occurs, possibly in a string.
    let dropsOrTruncates: Bool

    init(_ body: String) {
        let lower = body.lowercased()
        dropsOrTruncates = lower.contains("drop") || lower.contains("truncate")
        var body = body
        body.withUTF8 { bytes in
            var cutter = Cutter(bytes)
            cutter.run()
            statements = cutter.statements
            isDynamic = cutter.isDynamic
            endsTransaction = cutter.endsTransaction
        }
    }

    private struct Cutter {
        private var tokens: SQLTokens
        var statements: [String] = []
        var isDynamic = false
        var endsTransaction = false
        private var depth = 0
        /// The beginning of the statement that is being skipped.
        private var start: (offset: Int, prefix: String)?
        /// The skipped text is the condition of an IF or a WHILE.
        private var isCondition = false
        private var canBegin = true
        /// Between INTO and the text after its variables.
        private var isInTarget = false
        private var last = ""

        init(_ bytes: UnsafeBufferPointer<UInt8>) { tokens = SQLTokens(bytes) }

        mutating func run() {
            while let token = tokens.next() {
                switch token.kind {
                case .word: word(token)
                case .blanks: break
                case .sign: sign(at: token.range.lowerBound)
                default: last = ""
                }
            }
            end(at: tokens.bytes.count)
        }

        private mutating func sign(at offset: Int) {
            switch tokens.bytes[offset] {
            case UInt8(ascii: ";"): if depth == 0 { end(at: offset) }
            case UInt8(ascii: ":") where depth == 0 && start == nil && isAssignment:
                _ = tokens.next()
                start = (tokens.position, "SELECT ")
            case let byte:
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth = max(0, depth - 1) }
                last = ""
            }
        }

        /// Whether a colon precedes the token.
        private var isAssignment: Bool {
            tokens.position < tokens.bytes.count && tokens.bytes[tokens.position] == UInt8(ascii: "=")
        }

        private mutating func end(at offset: Int) {
            if let start {
                let rest = isInTarget ? "" : text(start.offset..<offset)
                statements.append(start.prefix + rest)
            }
            start = nil
            isInTarget = false
            isCondition = false
            canBegin = true
            depth = 0
        }

        private func text(_ range: Range<Int>) -> String { String(decoding: tokens.bytes[range], as: UTF8.self) }

        private mutating func word(_ token: SQLLexer.Token) {
            let begin = token.range.lowerBound
            let word = tokens.text(token).lowercased()
            defer { last = word }
            guard depth == 0 else { return }
            if isInTarget {
                guard Self.afterTarget.contains(word) else { return }
                isInTarget = false
                start = (begin, (start?.prefix ?? "") + " ")
                return
            }
            if word == "into", let open = start, last != "insert", last != "merge" {
                // The words after INTO are variables; then the clause continues.
                start = (tokens.position, open.prefix + text(open.offset..<begin))
                isInTarget = true
                return
            }
            if canBegin || ((last == "in" || last == "query") && Self.queries.contains(word)) {
                begins(word, at: begin)
                return
            }
            // CASE has THEN and ELSE too, which do not begin a statement.
            if word == "loop" || ((start == nil || isCondition) && (word == "then" || word == "else")) {
                end(at: begin)
            }
        }

        private mutating func begins(_ word: String, at offset: Int) {
            canBegin = false
            switch word {
            case "begin", "loop", "else", "declare": canBegin = true
            case "execute": isDynamic = true
            case "commit", "rollback": endsTransaction = true
            case "if", "elsif", "elseif", "while":
                start = (tokens.position, "SELECT ")
                isCondition = true
            case "perform", "return": start = (tokens.position, "SELECT ")
            case _ where Self.verbs.contains(word): start = (offset, "")
            default: break
            }
        }

        private static let queries: Set<String> = ["select", "with", "insert", "update", "delete", "values", "execute"]
        private static let afterTarget: Set<String> = [
            "from", "where", "group", "having", "order", "limit", "offset", "fetch", "union", "except", "intersect",
            "for",
        ]
        private static let verbs: Set<String> = [
            "select", "with", "insert", "update", "delete", "merge", "truncate", "create", "alter", "drop", "grant",
            "revoke",
            "comment", "copy", "lock", "refresh", "set", "reset", "reindex", "cluster", "analyze", "vacuum", "import",
            "reassign", "security", "explain",
        ]
    }
}
