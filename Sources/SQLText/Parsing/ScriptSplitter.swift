/// Splits a script by the rules of psql's scanner, for large scripts and those that the parser does not accept as a
/// whole.
///
/// It parses many statements at once, which is faster than one by one, but few enough that their trees need little
/// memory.
struct ScriptSplitter: ~Copyable {
    private(set) var metaCommands: [SQLScript.MetaCommand] = []
    private let source: ScriptSource
    private var position: Int
    /// After the previous statement, where comments of the next one begin.
    private var gap: Int
    /// Statements that are not parsed yet.
    private var cuts: [Cut] = []
    /// The number of commands of psql before the first unparsed statement.
    private var commandsBefore = 0
    /// Texts of this size need no estimate of their nesting depth.
    private static let mostBytesAtOnce = NestingEstimate.harmlessBytes * 3 / 4

    private struct Cut {
        var range: Range<Int>
        var gap: Int
        var rows: CopyRows?
    }

    init(_ source: ScriptSource) {
        self.source = source
        position = source.start
        gap = source.start
    }

    /// Calls `body` for each statement.
    mutating func split(_ body: (SQLStatement) -> Void) throws(SQLTextError) {
        while try next() {
            guard let first = cuts.first, let last = cuts.last else { continue }
            let isFull = last.range.upperBound - first.range.lowerBound >= Self.mostBytesAtOnce
            if isFull || last.rows != nil { parse(body) }
        }
        parse(body)
    }

    /// The next statement or command of psql; false at the end.
    private mutating func next() throws(SQLTextError) -> Bool {
        position = SQLTrivia(source.bytes, position..<source.bytes.count).end
        guard position < source.bytes.count else { return false }
        if cuts.isEmpty { commandsBefore = metaCommands.count }
        if source.bytes[position] == UInt8(ascii: "\\") {
            _ = passMetaCommand()
            gap = position
            return true
        }
        let begin = position
        var scanner = StatementScanner()
        while try scan(&scanner) == .backslash {
            if Self.sendsStatement.contains(passMetaCommand()) { break }
        }
        let range = begin..<position
        if position < source.bytes.count, source.bytes[position] == UInt8(ascii: ";") { position += 1 }
        let rows = scanner.readsRows ? try passRows() : nil
        cuts.append(Cut(range: range, gap: gap, rows: rows))
        gap = rows == nil ? range.upperBound : position
        return true
    }

    private mutating func scan(_ scanner: inout StatementScanner) throws(SQLTextError) -> StatementScanner.Ending {
        let ending = source.bytes.withUnsafeBufferPointer { scanner.scan($0, &position, isLast: true) }
        if case .unterminated(let kind, let place) = ending { throw .unterminated(kind, line: source.line(at: place)) }
        return ending ?? .endOfText
    }

    /// Parses the collected statements.
    private mutating func parse(_ body: (SQLStatement) -> Void) {
        let trees = treesOfAll()
        for (index, cut) in cuts.enumerated() {
            let (tree, error) = trees.map { ($0[index], nil) } ?? parse(cut.range)
            let behind = cut.rows == nil ? source.bytes.count : cut.range.upperBound
            body(SQLScript.statement(in: cut.range, gap: cut.gap, behind: behind, source, tree, error, rows: cut.rows))
        }
        cuts.removeAll(keepingCapacity: true)
    }

    /// nil if the parser does not know one of them, or the scanner divided the text differently than the parser.
    private func treesOfAll() -> [ParseNode]? {
        guard cuts.count > 1, let first = cuts.first, let last = cuts.last else { return nil }
        let range = first.range.lowerBound..<last.range.upperBound
        // A command of psql may be between two statements.
        guard metaCommands.count == commandsBefore,
            let parsed = try? PgQuery.parse(source.bytes[range], base: range.lowerBound)
        else { return nil }
        let trees = parsed["stmts"].items
        guard trees.count == cuts.count else { return nil }
        return trees.map { $0["stmt"] }
    }

    private func parse(_ range: Range<Int>) -> (ParseNode?, SQLTextError?) {
        do {
            let parsed = try PgQuery.parse(source.bytes[range], base: range.lowerBound)["stmts"].items
            // If the parser finds two statements where the scanner found one, neither division is certain.
            return (parsed.count == 1 ? parsed[0]["stmt"] : nil, nil)
        } catch {
            return (nil, source.error(error, in: range))
        }
    }
}

// Text that is not SQL.
extension ScriptSplitter {
    /// The commands of psql that send the statement before them, like a semicolon.
    private static let sendsStatement: Set<String> = ["g", "gx", "gset", "gexec", "gdesc", "crosstabview", "watch"]

    /// Called at the backslash. The arguments end with the line.
    private mutating func passMetaCommand() -> String {
        let rest = source.bytes[(position + 1)...]
        let line = rest.prefix { $0 != 0x0A }
        let name = String(decoding: line.prefix { !$0.isBlank && $0 != UInt8(ascii: "\\") }, as: UTF8.self)
        metaCommands.append(SQLScript.MetaCommand(name: name, line: source.line(at: position)))
        position = line.endIndex
        return name
    }

    /// The rows of a `COPY … FROM STDIN`, which begin on the next line, up to the line `\.` or the end of the text.
    ///
    /// - Throws: `SQLTextError` with `.misplaced` for anything but a comment on the line of the COPY.
    private mutating func passRows() throws(SQLTextError) -> CopyRows {
        let end = source.bytes[position...].prefix { $0 != 0x0A }.endIndex
        let text = SQLTrivia(source.bytes, position..<end).end
        guard text == end else { throw .behindCopy(line: source.line(at: text)) }
        position = min(end + 1, source.bytes.count)
        let start = position
        while position < source.bytes.count {
            let line = source.bytes[position...].prefix { $0 != 0x0A }
            position = min(line.endIndex + 1, source.bytes.count)
            if line.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: ".")]), line.dropFirst(2).allSatisfy(\.isBlank) {
                return CopyRows(source: source, range: start..<line.startIndex, isEnded: true)
            }
        }
        return CopyRows(source: source, range: start..<position, isEnded: false)
    }
}
