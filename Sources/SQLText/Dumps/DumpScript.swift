import Glibc

/// A plain dump, read piece by piece as psql does: statements, rows of COPY, and commands of psql.
///
///     while let element = try script.next() {
///         case .statement: to the server
///         case .copy: to the server, then nextCopyData { … } until it is false
///         case .metaCommand: refused
///     }
///
/// Memory holds the longest statement, and one slab of rows. Source of the rules: psql's `psqlscan.l` and `copy.c`.
package struct DumpScript: ~Copyable {
    package enum Element: Sendable, Equatable {
        /// Without its semicolon and without comments before it. `line` is the line of its first byte, from 1.
        case statement([UInt8], line: Int)
        /// A `COPY … FROM stdin`, followed by its rows.
        case copy(statement: [UInt8], line: Int)
        /// A command of psql: its name without the backslash, and its arguments as written, cut after 4,096 bytes.
        case metaCommand(name: String, arguments: String, line: Int)
    }

    private var buffer: DumpBuffer
    private var scanner = StatementScanner()
    private var stringsAreStandard = true
    private var isAtStart = true
    /// The next byte begins a line, so a comment there may be a mark.
    private var isAtLineStart = true
    /// The line of a statement that began before a meta-command interrupted it.
    private var openStatement: Int?
    private var rows: RowsState?

    private struct RowsState {
        var statementLine: Int
        var isAtLineStart = true
    }

    /// The line on which the rows of the last `.copy` begin.
    package private(set) var firstRowLine = 0
    /// The number of lines of rows read for the last `.copy`.
    package private(set) var rowLines = 0
    /// The marks read so far.
    package private(set) var marks = DumpMarks()
    private let mayBeCut: Bool

    /// - Parameters:
    ///   - bufferBytes: How much is read at once, and the largest slab of rows.
    ///   - limitBytes: The maximum length of a statement. PostgreSQL accepts less than 1 GiB.
    ///   - mayBeCut: Whether the text may end anywhere. Then an incomplete last statement or row is omitted. Otherwise
    ///     a quotation, a comment or rows without an end are an error.
    ///   - source: Fills the given memory and returns the number of bytes; 0 at the end.
    package init(
        bufferBytes: Int = 1 << 20,
        limitBytes: Int = 1 << 30,
        mayBeCut: Bool = false,
        source: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        self.mayBeCut = mayBeCut
        buffer = DumpBuffer(bytes: max(1, bufferBytes), limitBytes: limitBytes, source: source)
    }

    /// The next element; nil at the end. Unread rows of a COPY are skipped.
    ///
    /// - Throws: `SQLTextError`, and errors of the source.
    package mutating func next() throws -> Element? {
        guard mayBeCut else { return try nextElement() }
        do {
            return try nextElement()
        } catch let error as SQLTextError where error.code == .unterminated {
            return nil
        }
    }

    private mutating func nextElement() throws -> Element? {
        if isAtStart { try skipMark() }
        while rows != nil { _ = try nextCopyData { _ in } }
        if openStatement == nil {
            try skipBlanks()
            guard let first = try buffer.peek() else { return nil }
            if first == UInt8(ascii: "\\") { return try metaCommand(line: buffer.line(at: buffer.position)) }
        }
        let line = openStatement ?? buffer.line(at: buffer.position)
        openStatement = nil
        isAtLineStart = false
        switch try scanStatement() {
        case .backslash:
            openStatement = line
            return try metaCommand(line: buffer.line(at: buffer.position))
        case .semicolon: return try finish(line: line, endsWithSemicolon: true)
        case .endOfText: return mayBeCut ? nil : try finish(line: line, endsWithSemicolon: false)
        case .unterminated(let kind, let place): throw SQLTextError.unterminated(kind, line: buffer.line(at: place))
        }
    }

    private mutating func scanStatement() throws -> StatementScanner.Ending {
        while true {
            if let ending = scanner.scan(buffer.memory, &buffer.position, isLast: buffer.isAtEnd) { return ending }
            _ = try buffer.fill()
        }
    }

    private mutating func finish(line: Int, endsWithSemicolon: Bool) throws -> Element? {
        var end = buffer.position
        if !endsWithSemicolon {
            while end > buffer.start, buffer.bytes[end - 1].isBlank { end -= 1 }
        }
        let statement = Array(UnsafeBufferPointer(start: buffer.bytes + buffer.start, count: end - buffer.start))
        if let place = statement.firstIndex(of: 0) {
            throw SQLTextError(
                .notText,
                line: buffer.line(at: buffer.start + place),
                "a NUL byte, which SQL text cannot hold",
                hint: "the file may be damaged, or not a plain dump"
            )
        }
        let readsRows = scanner.readsRows
        if let value = StatementWords.standardStrings(setBy: statement) { stringsAreStandard = value }
        scanner = StatementScanner(stringsAreStandard: stringsAreStandard)
        if endsWithSemicolon { buffer.position += 1 }
        buffer.release()
        guard readsRows else {
            return statement.isEmpty ? nil : .statement(statement, line: line)
        }
        try beginRows(of: line)
        return .copy(statement: statement, line: line)
    }

    /// `\name`, at the backslash. The text of an open statement is kept; the command is overwritten with blanks.
    private mutating func metaCommand(line: Int) throws -> Element {
        isAtLineStart = false
        let began = buffer.position - buffer.start
        buffer.position += 1
        var name: [UInt8] = []
        while let byte = try buffer.peek(), !byte.isBlank, byte != UInt8(ascii: "\\") {
            name.append(byte)
            buffer.position += 1
        }
        let arguments = try metaArguments()
        if try buffer.peek() == UInt8(ascii: "\\"), try buffer.peek(1) == UInt8(ascii: "\\") { buffer.position += 2 }
        if openStatement == nil {
            buffer.release()
        } else {
            buffer.blank(from: buffer.start + began, to: buffer.position)
        }
        return .metaCommand(name: String(decoding: name, as: UTF8.self), arguments: arguments, line: line)
    }

    /// They end with the line, or at a backslash outside of quotes: `\\`, or another command.
    private mutating func metaArguments() throws -> String {
        var arguments: [UInt8] = []
        var quote: UInt8?
        var isEscaped = false
        while let byte = try buffer.peek(), byte != 0x0A {
            if isEscaped {
                isEscaped = false
            } else if let open = quote {
                if byte == open { quote = nil }
                isEscaped = byte == UInt8(ascii: "\\") && open == UInt8(ascii: "'")
            } else if byte == UInt8(ascii: "\\") {
                break
            } else if [UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`")].contains(byte) {
                quote = byte
            }
            if arguments.count < 4096 { arguments.append(byte) }
            buffer.position += 1
        }
        return String(decoding: arguments, as: UTF8.self)
    }
}

// Between statements.
extension DumpScript {
    /// Skips a byte order mark; recognizes files that are not SQL text.
    private mutating func skipMark() throws {
        isAtStart = false
        let first = try (0..<5).map { try buffer.peek($0) ?? 0 }
        if Array(first[0..<3]) == [0xEF, 0xBB, 0xBF] {
            buffer.position += 3
            buffer.release()
        } else if first[0] == 0xFF && first[1] == 0xFE || first[0] == 0xFE && first[1] == 0xFF {
            throw SQLTextError(
                .notText,
                line: 1,
                "the text is UTF-16",
                hint: "convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8"
            )
        } else if first == Array("PGDMP".utf8) {
            throw SQLTextError(
                .notText,
                line: 1,
                "this is a dump in pg_dump's custom format, not SQL text",
                hint: "convert it to SQL with pg_restore --file=OUT.sql"
            )
        }
    }

    /// Skips and releases blanks, comments and empty statements.
    private mutating func skipBlanks() throws {
        while let byte = try buffer.peek() {
            if byte.isBlank || byte == UInt8(ascii: ";") {
                isAtLineStart = byte == 0x0A || byte == 0x0D
                buffer.position += 1
            } else if byte != UInt8(ascii: "-") && byte != UInt8(ascii: "/") {
                return
            } else if try !passComment() {
                return
            }
            buffer.release()
        }
    }

    /// A comment is released while it is read, so it may be longer than any statement. Returns false, without moving,
    /// if the byte is a minus or a slash.
    private mutating func passComment() throws -> Bool {
        let line = buffer.line(at: buffer.position)
        if isAtLineStart { try readMark() }
        isAtLineStart = false
        var lexer = SQLLexer()
        while true {
            if let token = lexer.next(buffer.memory, &buffer.position, isLast: buffer.isAtEnd) {
                if token.kind == .sign { buffer.position -= 1 }
                guard token.isClosed else { throw SQLTextError.unterminated(token.kind, line: line) }
                return token.kind != .sign
            }
            buffer.release()
            _ = try buffer.fill()
        }
    }
}

// Marks.
extension DumpScript {
    /// Called at the first byte of a possible comment at the beginning of a line. Marks are shorter than the text that
    /// is examined.
    private mutating func readMark() throws {
        var text: [UInt8] = []
        while text.count < 200, let byte = try buffer.peek(text.count), byte != 0x0A, byte != 0x0D { text.append(byte) }
        marks.note(String(decoding: text, as: UTF8.self), line: buffer.line(at: buffer.position))
    }
}

// Rows.
extension DumpScript {
    private mutating func beginRows(of line: Int) throws {
        while let byte = try buffer.peek(), byte != 0x0A {
            if byte.isBlank {
                buffer.position += 1
            } else if try !passCommentInLine() {
                throw SQLTextError.behindCopy(line: buffer.line(at: buffer.position))
            }
        }
        if try buffer.peek() != nil { buffer.position += 1 }
        buffer.release()
        firstRowLine = buffer.line(at: buffer.position)
        rows = RowsState(statementLine: line)
        rowLines = 0
        marks.noteTable()
    }

    /// Skips a comment that ends in this line. Returns false, without moving, if there is none.
    private mutating func passCommentInLine() throws -> Bool {
        let (first, second) = (try buffer.peek(), try buffer.peek(1))
        if first == UInt8(ascii: "-"), second == first {
            while let byte = try buffer.peek(), byte != 0x0A { buffer.position += 1 }
            return true
        }
        guard first == UInt8(ascii: "/"), second == UInt8(ascii: "*") else { return false }
        var ahead = 2
        while let byte = try buffer.peek(ahead), byte != 0x0A {
            if byte == UInt8(ascii: "*"), try buffer.peek(ahead + 1) == UInt8(ascii: "/") {
                buffer.position += ahead + 2
                return true
            }
            ahead += 1
        }
        return false
    }

    /// Passes the next slab of rows of the COPY that `next` returned last; false after the last one.
    ///
    /// A slab is an unchanged part of the text, including newlines, and may end anywhere.
    package mutating func nextCopyData(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        guard var state = rows else { return false }
        guard let first = try buffer.peek() else { return try endOfText(state) }
        if state.isAtLineStart, first == UInt8(ascii: "\\"), let length = try endMark(at: 0) {
            end(length)
            return false
        }
        let start = buffer.position
        var position = start
        var lines = 0
        var holdsBack = false
        while let found = buffer.find(0x0A, from: position, to: buffer.end) {
            position = found + 1
            lines += 1
            guard position < buffer.end, buffer.bytes[position] == UInt8(ascii: "\\") else { continue }
            // The end mark is searched only where it is completely in memory, or at the beginning of the next slab.
            guard buffer.end - position >= 4 else {
                holdsBack = true
                break
            }
            guard let length = try endMark(at: position - start) else { continue }
            try lend(position - start, lines, body)
            end(length)
            return true
        }
        if mayBeCut, position == start, !holdsBack {
            // No complete row is in memory, and half a row is not returned.
            if try buffer.fill() { return true }
            buffer.position = buffer.end
            return try endOfText(state)
        }
        if !holdsBack, !mayBeCut { position = buffer.end }
        state.isAtLineStart = buffer.bytes[position - 1] == 0x0A
        rows = state
        try lend(position - start, lines, body)
        return true
    }

    /// Skips the end mark; its line may lack a newline at the end of the text.
    private mutating func end(_ length: Int) {
        isAtLineStart = buffer.bytes[buffer.position + length - 1] == 0x0A
        buffer.pass(length, lines: isAtLineStart ? 1 : 0)
        rows = nil
    }

    private mutating func lend(
        _ length: Int,
        _ lines: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard length > 0 else { return }
        try body(UnsafeRawBufferPointer(start: buffer.bytes + buffer.position, count: length))
        buffer.pass(length, lines: lines)
        rowLines += lines
        marks.noteRows(lines)
    }

    /// The length of the line `\.`, including its newline, if it begins at `ahead`.
    private mutating func endMark(at ahead: Int) throws -> Int? {
        guard try buffer.peek(ahead + 1) == UInt8(ascii: ".") else { return nil }
        switch try buffer.peek(ahead + 2) {
        case nil: return 2
        case 0x0A: return 3
        case 0x0D: return try buffer.peek(ahead + 3) == 0x0A ? 4 : nil
        default: return nil
        }
    }

    /// Called when the text ends within rows.
    private mutating func endOfText(_ state: RowsState) throws -> Bool {
        guard !mayBeCut else {
            rows = nil
            return false
        }
        throw SQLTextError(
            .unterminated,
            line: buffer.line(at: buffer.position),
            "the text ends within the rows of the COPY of line \(state.statementLine)",
            hint: "the file is cut off: take another copy of it"
        )
    }
}
