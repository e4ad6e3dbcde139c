/// A file of SQL, divided into statements that PostgreSQL's own parser (version 15) has read.
///
///     let script = try SQLScript(text)                // every statement parsed, or the place of the error
///     let script = try SQLScript(splitting: text)     // also what the parser is too old for, or psql would do itself
///     for statement in script.statements { statement.line, statement.tag, statement.tree?["relation"]["relname"] }
package struct SQLScript: Sendable {
    package let statements: [SQLStatement]
    /// Commands of psql, which neither server nor parser understands.
    package let metaCommands: [MetaCommand]
    private let source: ScriptSource

    /// `\name arguments`
    package struct MetaCommand: Sendable, Equatable {
        /// Without the backslash.
        package let name: String
        /// From 1.
        package let line: Int

        /// True for `\restrict` and `\unrestrict`, with which pg_dump keeps psql from running commands in the dump.
        /// granary runs no commands of psql, so it can ignore them.
        package var isHarmless: Bool { name == "restrict" || name == "unrestrict" }
    }

    /// Reads a script in which the parser must know every statement.
    ///
    /// - Throws: `SQLTextError` with the place: `.syntax`, `.tooDeep`, or `.notText` for text with a NUL byte.
    package init(_ text: String) throws(SQLTextError) {
        let source = try ScriptSource(text)
        let range = source.start..<source.bytes.count
        do {
            let tree = try PgQuery.parse(source.bytes[range], base: range.lowerBound)
            self.init(source, Self.statements(of: tree, source), [])
        } catch {
            throw source.error(error, in: range)
        }
    }

    /// Reads any script that psql accepts. Statements that the parser does not know have no tree; they are divided by
    /// the rules of psql's scanner. The rows of a `COPY … FROM STDIN` belong to no statement.
    ///
    /// - Throws: `SQLTextError` for text that cannot be divided: `.unterminated`, `.misplaced`, `.notText`.
    package init(splitting text: String) throws(SQLTextError) {
        let source = try ScriptSource(text)
        var statements: [SQLStatement] = []
        let commands = try Self.forEachStatement(of: source) { statements.append($0) }
        self.init(source, statements, commands)
    }

    /// Reads any script that psql accepts, as `init(splitting:)` does, and keeps none of its statements.
    ///
    /// - Returns: The commands of psql.
    /// - Throws: `SQLTextError` for text that cannot be divided: `.unterminated`, `.misplaced`, `.notText`.
    package static func forEachStatement(
        splitting text: String,
        _ body: (SQLStatement) -> Void
    ) throws(SQLTextError) -> [MetaCommand] {
        try forEachStatement(of: try ScriptSource(text), body)
    }

    /// The tree of a text takes more than ten times the memory of the text.
    private static let mostBytesAtOnce = 256 << 10

    private static func forEachStatement(
        of source: ScriptSource,
        _ body: (SQLStatement) -> Void
    ) throws(SQLTextError) -> [MetaCommand] {
        let range = source.start..<source.bytes.count
        if range.count <= mostBytesAtOnce, let tree = try? PgQuery.parse(source.bytes[range], base: range.lowerBound) {
            statements(of: tree, source).forEach(body)
            return []
        }
        var splitter = ScriptSplitter(source)
        try splitter.split(body)
        return splitter.metaCommands
    }

    private init(_ source: ScriptSource, _ statements: [SQLStatement], _ metaCommands: [MetaCommand]) {
        self.source = source
        self.statements = statements
        self.metaCommands = metaCommands
    }

    /// The commands of psql in a text that the parser does not accept.
    ///
    /// - Throws: `SQLTextError` for text that cannot be divided.
    package static func metaCommands(in text: String) throws(SQLTextError) -> [MetaCommand] {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return [] }
        return try SQLScript(splitting: text).metaCommands
    }

    /// The statements that the parser does not know.
    package var unparsed: [SQLStatement] { statements.filter { $0.tree == nil } }

    /// The line and column of an offset, both from 1.
    package func place(ofOffset offset: Int) -> (line: Int, column: Int) {
        (source.line(at: offset), source.column(at: offset))
    }
}

// From the parser.
extension SQLScript {
    private static func statements(of tree: ParseNode, _ source: ScriptSource) -> [SQLStatement] {
        var cuts: [(range: Range<Int>, tree: ParseNode)] = []
        for statement in tree["stmts"].items {
            let start = source.start + (statement["stmt_location"].int ?? 0)
            // No length means "to the end".
            let end = statement["stmt_len"].int.map { start + $0 } ?? source.bytes.count
            cuts.append((start..<end, statement["stmt"]))
        }
        return cuts.indices.map { index in
            let (range, tree) = cuts[index]
            let gap = index == 0 ? source.start : cuts[index - 1].range.upperBound
            let behind = index + 1 < cuts.count ? cuts[index + 1].range.upperBound : source.bytes.count
            return statement(in: range, gap: gap, behind: behind, source, tree)
        }
    }

    /// - Parameters:
    ///   - range: The statement with the text before and after it.
    ///   - gap: The end of the previous statement.
    ///   - behind: The end of the search for a comment after the statement.
    static func statement(
        in range: Range<Int>,
        gap: Int,
        behind: Int,
        _ source: ScriptSource,
        _ tree: ParseNode?,
        _ error: SQLTextError? = nil,
        rows: CopyRows? = nil
    ) -> SQLStatement {
        let before = SQLTrivia(source.bytes, gap..<range.upperBound)
        var end = range.upperBound
        while end > before.end, source.bytes[end - 1].isBlank { end -= 1 }
        let isFirst = gap == source.start
        let own = before.comments.filter { isFirst || !isOnLine(of: gap, $0.lowerBound, source) }
        var next: Range<Int>?
        if range.upperBound < behind {
            next = SQLTrivia(source.bytes, range.upperBound..<behind).comments.first
        }
        return SQLStatement(
            source: source,
            range: before.end..<max(end, before.end),
            commentsBefore: own,
            commentBehind: next.flatMap { isOnLine(of: range.upperBound, $0.lowerBound, source) ? $0 : nil },
            tree: tree,
            syntaxError: error,
            rows: rows
        )
    }

    private static func isOnLine(of end: Int, _ comment: Int, _ source: ScriptSource) -> Bool {
        !source.bytes[end..<comment].contains(0x0A)
    }
}
