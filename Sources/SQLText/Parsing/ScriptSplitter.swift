/// Splits a script by the rules of psql's scanner, for texts that the parser does not know as a whole.
struct ScriptSplitter: ~Copyable {
    private(set) var statements: [SQLStatement] = []
    private(set) var metaCommands: [SQLScript.MetaCommand] = []
    private let source: ScriptSource
    private var position: Int
    /// Behind the statement before, where comments that belong to the next one begin.
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
        let range = begin..<position
        if position < source.bytes.count, source.bytes[position] == UInt8(ascii: ";") { position += 1 }
        finish(range, scanner.readsRows ? passRows() : nil)
        return true
    }

    private mutating func scan(_ scanner: inout StatementScanner) throws(SQLTextError) -> StatementScanner.Ending {
        let ending = source.bytes.withUnsafeBufferPointer { scanner.scan($0, &position, isLast: true) }
        if case .unterminated(let kind, let place) = ending { throw .unterminated(kind, line: source.line(at: place)) }
        return ending ?? .endOfText
    }

    private mutating func finish(_ range: Range<Int>, _ rows: CopyRows?) {
        let (tree, error) = parse(range)
        let behind = rows == nil ? source.bytes.count : range.upperBound
        statements.append(
            SQLScript.statement(in: range, gap: gap, behind: behind, source, tree, error, rows: rows)
        )
        gap = rows == nil ? range.upperBound : position
    }

    private func parse(_ range: Range<Int>) -> (ParseNode?, SQLTextError?) {
        do {
            let parsed = try PgQuery.parse(source.bytes[range], base: range.lowerBound)["stmts"].items
            // The scanner may have taken for one what the parser takes for two; then neither is certain.
            return (parsed.count == 1 ? parsed[0]["stmt"] : nil, nil)
        } catch {
            return (nil, source.error(error, in: range))
        }
    }
}

// What is not SQL.
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

    /// The rows of a `COPY … FROM STDIN`, which begin on the next line, up to the line `\.` or the end of the text.
    private mutating func passRows() -> CopyRows {
        position = min(source.bytes[position...].prefix { $0 != 0x0A }.endIndex + 1, source.bytes.count)
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
