import Glibc

/// Splits a script by the rules of psql's scanner, for texts that the parser does not know as a whole.
struct ScriptSplitter: ~Copyable {
    private(set) var statements: [SQLStatement] = []
    private(set) var metaCommands: [SQLScript.MetaCommand] = []
    private let source: ScriptSource
    private var buffer: DumpBuffer
    /// Behind the statement before, where comments that belong to the next one begin.
    private var gap: Int

    init(_ source: ScriptSource) {
        self.source = source
        let bytes = source.bytes
        var isRead = false
        // The whole text at once, so that positions in the buffer are offsets in the script.
        buffer = DumpBuffer(bytes: bytes.count + 1, limitBytes: .max) { memory in
            defer { isRead = true }
            guard !isRead else { return 0 }
            memory.copyBytes(from: bytes)
            return bytes.count
        }
        gap = source.start
    }

    mutating func split() throws(SQLTextError) {
        do {
            _ = try buffer.fill()
            buffer.position = source.start
            while try next() {}
        } catch let error as SQLTextError {
            throw error
        } catch {
            throw source.error(.notText, at: buffer.position, "\(error)")
        }
    }

    /// The next statement or command of psql; false at the end.
    private mutating func next() throws -> Bool {
        let trivia = SQLTrivia(source.bytes, buffer.position..<source.bytes.count)
        buffer.position = trivia.end
        guard let first = try buffer.peek() else { return false }
        if first == UInt8(ascii: "\\") {
            _ = passMetaCommand()
            gap = buffer.position
            return true
        }
        let begin = buffer.position
        var scanner = StatementScanner()
        while try scanner.scan(&buffer) == .backslash {
            if Self.sendsStatement.contains(passMetaCommand()) { break }
        }
        finish(begin..<buffer.position)
        if try buffer.peek() == UInt8(ascii: ";") { buffer.position += 1 }
        if scanner.readsRows { passRows() }
        return true
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
        let start = buffer.position + 1
        let rest = source.bytes[start...]
        let line = rest.prefix { $0 != 0x0A }
        let name = String(decoding: line.prefix { !$0.isBlank && $0 != UInt8(ascii: "\\") }, as: UTF8.self)
        metaCommands.append(SQLScript.MetaCommand(name: name, line: source.line(at: buffer.position)))
        buffer.position = line.endIndex
        return name
    }

    /// The rows of a `COPY … FROM STDIN`, up to the line `\.` or the end of the text.
    private mutating func passRows() {
        var position = buffer.position
        while position < source.bytes.count {
            let line = source.bytes[position...].prefix { $0 != 0x0A }
            position = min(line.endIndex + 1, source.bytes.count)
            if line.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: ".")]), line.dropFirst(2).allSatisfy(\.isBlank) {
                break
            }
        }
        buffer.position = position
        gap = position
    }
}
