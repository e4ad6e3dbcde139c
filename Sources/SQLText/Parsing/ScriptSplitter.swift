/// Divides a script by the rules of psql's scanner, for text that the parser cannot read as a whole.
struct ScriptSplitter: ~Copyable {
    private(set) var statements: [SQLStatement] = []
    private(set) var metaCommands: [SQLScript.MetaCommand] = []
    private let source: ScriptSource
    private var position: Int
    /// After the previous statement, where comments of the next one begin.
    private var gap: Int

    init(_ source: ScriptSource) {
        self.source = source
        position = source.start
        gap = source.start
    }

    mutating func split() throws(SQLTextError) {
        while try next() {}
    }

    /// The next statement or command of psql; false at the end.
    private mutating func next() throws(SQLTextError) -> Bool {
        position = SQLTrivia(source.bytes, position..<source.bytes.count).end
        guard position < source.bytes.count else { return false }
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
        finish(begin..<position)
        if position < source.bytes.count, source.bytes[position] == UInt8(ascii: ";") { position += 1 }
        if scanner.readsRows { passRows() }
        return true
    }

    private mutating func scan(_ scanner: inout StatementScanner) throws(SQLTextError) -> StatementScanner.Ending {
        let ending = source.bytes.withUnsafeBufferPointer { scanner.scan($0, &position, isLast: true) }
        if case .unterminated(let kind, let place) = ending { throw .unterminated(kind, line: source.line(at: place)) }
        return ending ?? .endOfText
    }

    private mutating func finish(_ range: Range<Int>) {
        let (tree, error) = parse(range)
        statements.append(
            SQLScript.statement(in: range, gap: gap, behind: source.bytes.count, source, tree, error)
        )
        gap = range.upperBound
    }

    private func parse(_ range: Range<Int>) -> (ParseNode?, SQLTextError?) {
        do {
            let parsed = try PgQuery.parse(source.bytes[range], base: range.lowerBound)["stmts"].items
            // The scanner may have seen one statement where the parser sees two. Then neither is certain.
            return (parsed.count == 1 ? parsed[0]["stmt"] : nil, nil)
        } catch {
            return (nil, source.error(error, in: range))
        }
    }
}

// Text that is not SQL.
extension ScriptSplitter {
    /// The commands of psql that send the statement before them, as a semicolon would.
    private static let sendsStatement: Set<String> = ["g", "gx", "gset", "gexec", "gdesc", "crosstabview", "watch"]

    /// At the backslash; its arguments end with the line.
    private mutating func passMetaCommand() -> String {
        let rest = source.bytes[(position + 1)...]
        let line = rest.prefix { $0 != 0x0A }
        let name = String(decoding: line.prefix { !$0.isBlank && $0 != UInt8(ascii: "\\") }, as: UTF8.self)
        metaCommands.append(SQLScript.MetaCommand(name: name, line: source.line(at: position)))
        position = line.endIndex
        return name
    }

    /// The rows of a `COPY … FROM STDIN`, up to the line `\.` or the end of the text.
    private mutating func passRows() {
        while position < source.bytes.count {
            let line = source.bytes[position...].prefix { $0 != 0x0A }
            position = min(line.endIndex + 1, source.bytes.count)
            if line.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: ".")]), line.dropFirst(2).allSatisfy(\.isBlank) {
                break
            }
        }
        gap = position
    }
}
