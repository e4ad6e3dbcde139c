internal import Archive
internal import Logging
internal import PostgresClient
internal import SQLText

/// Sends a plain dump to one session, one statement after the other, with the rows of each COPY in slabs.
///
/// Stops at the first error, which has the file and the line.
struct DumpPlayer: ~Copyable {
    struct Outcome: Sendable {
        /// Without granary's own tables, as below.
        var rows = 0
        var tables = 0
        var notes: [String] = []
        /// Actions for the end of the restore, in the encoding that the dump has set.
        var last: [DumpAction] = []
        var encoding = "UTF8"
    }

    private var rules: DumpRules
    private let file: DumpFile
    private var script: DumpScript
    private let mayBeCut: Bool
    /// The list of failed statements that may be left out.
    private let leftOut: LeftOutList
    /// `--keep-going`
    private let keepsGoing: Bool
    /// Sets the session's settings again after the dump has reset them.
    private let prepare: (borrowing Session) throws -> Void
    private let progress: @Sendable (RestoreProgress) -> Void
    /// Statements that were left out, each with the object under which it is listed.
    private var failed: [(statement: FailedStatement, listedUnder: String)] = []
    private var tally = DumpTally()
    private var notes: [String] = []
    private var last: [DumpAction] = []
    /// Whether the server knows a setting, by name.
    private var knownSettings: [String: Bool] = [:]
    private var reportedBytes = 0

    /// - Parameters:
    ///   - mayBeCut: Whether to restore a dump whose end is missing.
    ///   - leftOut: The list for failed statements that may be left out.
    ///   - keepsGoing: Whether to continue after such a statement.
    ///   - prepare: Sets the session's settings again after a RESET ALL of the dump.
    /// - Throws: `ArchiveError` if zlib has no memory.
    static func open(
        _ dump: PlainDump,
        _ rules: DumpRules,
        mayBeCut: Bool = false,
        leftOut: LeftOutList = LeftOutList(),
        keepsGoing: Bool = false,
        prepare: @escaping (borrowing Session) throws -> Void,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) throws -> DumpPlayer {
        let file = DumpFile(dump)
        let script = DumpScript(mayBeCut: mayBeCut, source: try file.text(mayBeCut: mayBeCut))
        return DumpPlayer(rules, file, script, mayBeCut, leftOut, keepsGoing, prepare, progress)
    }

    private init(
        _ rules: DumpRules,
        _ file: DumpFile,
        _ script: consuming DumpScript,
        _ mayBeCut: Bool,
        _ leftOut: LeftOutList,
        _ keepsGoing: Bool,
        _ prepare: @escaping (borrowing Session) throws -> Void,
        _ progress: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.rules = rules
        self.file = file
        self.script = script
        self.mayBeCut = mayBeCut
        self.leftOut = leftOut
        self.keepsGoing = keepsGoing
        self.prepare = prepare
        self.progress = progress
    }

    /// - Throws: `RestoreError`, also if the file was changed meanwhile; `ArchiveError` if a compressed file is
    ///   damaged; `PostgresError` if the connection is lost.
    mutating func run(_ session: inout Session) throws -> Outcome {
        progress(.planned(tables: 0, bytes: file.byteCount))
        do {
            while let element = try script.next() {
                switch try rules.judge(element) {
                case .run(let action): try run(element, action, &session)
                case .runLast(let action): last.append(action)
                case .skip(let note): if let note { tell(note) }
                case .leave(let object, let reason): leftOut.add(object, because: reason, .missing)
                }
            }
            try rules.finish()
        } catch let error as SQLTextError {
            throw rules.error(error)
        }
        guard try file.isUnchanged else {
            throw RestoreError(
                .mismatch,
                "\(rules.path) was changed while it was restored",
                hint: "nothing was changed; restore it again once it is finished"
            )
        }
        if mayBeCut, session.isInTransaction { try session.execute("COMMIT") }
        guard rules.inPlace || !session.isInTransaction else {
            throw RestoreError(
                .dump,
                "\(rules.path) ends within a transaction that it began",
                hint: "the file may be cut off: take another copy of it"
            )
        }
        let encoding = try session.query("SELECT pg_catalog.current_setting('client_encoding')")[0].text(
            "current_setting"
        )
        let counted = tally.counted
        return Outcome(rows: counted.rows, tables: counted.tables, notes: notes, last: last, encoding: encoding)
    }

    /// Adds a note, unless it was added before.
    private mutating func tell(_ note: String) { if !notes.contains(note) { notes.append(note) } }

    private mutating func run(_ element: DumpScript.Element, _ action: DumpAction, _ session: inout Session) throws {
        switch element {
        // Only psql commands that correspond to a statement are executed.
        case .metaCommand: if let text = action.text { try session.execute(bytes: text) }
        case .copy(let statement, let line): try copy(statement, line, &session)
        case .statement(let statement, let line):
            guard try !isOfUnknownSetting(statement, session) else { return }
            let text = action.text ?? statement
            if StatementWords.setting(changedBy: text) == "default_tablespace" {
                return try useTablespace(text, &session)
            }
            do {
                guard action.mayFail.isEmpty else { return try attempt(text, action, &session) }
                let rows = try execute(text, &session)
                let table = StatementWords.insertTable(text)
                if table.isEmpty { tally.note(StatementWords.createdTable(text)) } else { tally.add(rows, to: table) }
            } catch let error as PostgresError where error.code == .server {
                let failure = failure(error, at: Self.line(of: error, in: text, from: line))
                guard error.isOfStatement, leave(text, failure.message) else { throw failure }
            }
            guard !rules.inPlace || session.isInTransaction else {
                throw rules.error(line, "the statement ended the one transaction of --in-place")
            }
            if StatementWords.resetsSettings(text) { try prepare(session) }
            report("statements", rows: 0)
        }
    }

    /// If the server has no such tablespace, or the role may not use it, its objects go to the default.
    private func useTablespace(_ statement: [UInt8], _ session: inout Session) throws {
        do {
            try session.attempt { try $0.execute(bytes: statement) }
        } catch let error as PostgresError where error.isOfStatement {
            try session.execute("SET default_tablespace = ''")
            let title = String(decoding: statement, as: UTF8.self)
            guard !leftOut.all.contains(where: { $0.object == title }) else { return }
            leftOut.add(title, because: "the server has no such tablespace that the role may use", .fallback)
        }
    }

    /// If a failure may be left out, an open transaction survives it.
    ///
    /// - Returns: The number of rows in the command tag.
    private func execute(_ statement: [UInt8], _ session: inout Session) throws -> Int {
        let isFrame = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"]
            .contains(StatementWords.first(1, of: statement).first ?? "")
        guard keepsGoing, !isFrame else { return try session.executeCounting(bytes: statement) }
        var rows = 0
        try session.attempt { rows = try $0.executeCounting(bytes: statement) }
        return rows
    }

    /// - Returns: Whether the statement may be left out. It is then listed, below the statement that it needs if that
    ///   was left out too.
    private mutating func leave(_ statement: [UInt8], _ reason: String) -> Bool {
        let words = StatementWords.first(400, of: statement)
        guard keepsGoing, let one = FailedStatement(statement, words) else { return false }
        let cause = failed.first { $0.statement.isNamed(in: words) }?.listedUnder
        leftOut.add(one.object, because: reason, one.effect, under: cause)
        failed.append((one, cause ?? one.object))
        return true
    }

    /// Executes a statement that the server may refuse for certain reasons.
    private mutating func attempt(_ text: [UInt8], _ action: DumpAction, _ session: inout Session) throws {
        do {
            try session.attempt { try $0.execute(bytes: text) }
        } catch let error as PostgresError where action.mayFail.contains(error.sqlState ?? "") {
            if let note = action.note { tell("\(note): \(error.message)") }
        }
    }

    /// Dumps of newer servers have settings that older ones do not know, such as `transaction_timeout`.
    private mutating func isOfUnknownSetting(_ statement: [UInt8], _ session: borrowing Session) throws -> Bool {
        // Every role may set a name with a dot.
        guard let name = StatementWords.setting(changedBy: statement), !name.contains(".") else { return false }
        if let isKnown = knownSettings[name] { return !isKnown }
        let isKnown = try session.query(
            "SELECT pg_catalog.current_setting($1, true) IS NOT NULL AS known",
            [name]
        )[0].bool("known")
        knownSettings[name] = isKnown
        if !isKnown { tell("the server does not know the setting \(name), so it was left out") }
        return !isKnown
    }

    private mutating func report(_ table: String, rows: Int) {
        let bytes = file.position - reportedBytes
        guard bytes > 0 || rows > 0 else { return }
        progress(.advanced(table: table, rows: rows, bytes: bytes))
        reportedBytes = file.position
    }
}

// Rows.
extension DumpPlayer {
    private mutating func copy(_ statement: [UInt8], _ line: Int, _ session: inout Session) throws {
        let table = StatementWords.copyTable(statement)
        let name = table.joined(separator: ".")
        progress(.started(table: name))
        let begin = file.position
        do {
            let count = try session.copyIn(bytes: statement) { sink in
                while try script.nextCopyData({ try sink.write($0) }) { report(name, rows: 0) }
            }
            guard !script.marks.isWithinGranary || count == script.rowLines else {
                throw rules.error(line, "the server took \(count) of the \(script.rowLines) rows of \(name)")
            }
            tally.add(count, to: table)
            report(name, rows: count)
            progress(.finished(table: name, rows: count, bytes: file.position - begin))
        } catch let error as PostgresError where error.code == .server {
            let row = error.server?.context.flatMap { Self.row(in: $0, of: table.last ?? "") }
            throw failure(error, at: row.map { script.firstRowLine + $0 - 1 } ?? line)
        }
    }

    /// The number in `COPY orders, line 12, column price: …`, in any language.
    static func row(in context: String, of table: String) -> Int? {
        let start = "COPY \(table), "
        guard let line = context.split(separator: "\n").first(where: { $0.hasPrefix(start) }) else { return nil }
        return line.dropFirst(start.count).prefix { $0 != "," && $0 != ":" }.split(separator: " ").last.flatMap {
            Int($0)
        }
    }
}

// Places of errors.
extension DumpPlayer {
    private func failure(_ error: PostgresError, at line: Int) -> RestoreError {
        let missing = "run it as a role that may do so; an archive of single schemas needs fewer rights"
        return RestoreError(
            error.isLockTrouble ? .busy : .statement,
            "\(rules.path):\(line): \(error)",
            hint: error.restoreHint ?? (error.sqlState == "42501" ? missing : Self.encodingHint(error))
        )
    }

    private static func encodingHint(_ error: PostgresError) -> String? {
        guard error.sqlState == "22021" else { return nil }
        return "the dump is in another encoding than it says: name it, such as with --encoding LATIN1"
    }

    /// The line of the statement at which the server points, in the file.
    static func line(of error: PostgresError, in statement: [UInt8], from line: Int) -> Int {
        guard let position = error.server?.position else { return line }
        var characters = 0
        var lines = 0
        for byte in statement {
            // Continuation bytes of UTF-8 are not counted.
            if byte & 0xC0 != 0x80 { characters += 1 }
            guard characters < position else { break }
            if byte == 0x0A { lines += 1 }
        }
        return line + lines
    }
}
