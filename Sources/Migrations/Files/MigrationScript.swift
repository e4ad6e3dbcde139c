package import PostgresClient
package import SQLText

/// An up or down file, split into statements, with the way in which it has to be run.
package struct MigrationScript: Sendable {
    package enum Mode: Sendable, Equatable {
        /// In one transaction that granary opens, together with the row of the ledger.
        case wrapped
        /// Statement by statement: a statement refuses to run in a transaction, or the file says `-- no-transaction`.
        case unwrapped
        /// The file contains its own BEGIN and COMMIT.
        case ownTransaction
    }

    package let path: String
    package private(set) var statements: [MigrationStatement]
    package let mode: Mode
    /// The index of the file's own final COMMIT. The ledger is written just before it.
    package private(set) var ledgerIndex: Int?
    /// Whether the file contains only the comment `-- nothing to undo`.
    package let saysNothingToUndo: Bool
    package let markers: FileMarkers

    /// - Parameters:
    ///   - path: The path for messages.
    ///   - isWithoutTransaction: Treats the text as if it began with `-- no-transaction`.
    /// - Throws: `MigrationError` with `.file` and the place if the file cannot be run.
    package init(_ text: String, path: String, isWithoutTransaction: Bool = false) throws(MigrationError) {
        self.path = path
        markers = FileMarkers(text)
        var reading = Reading()
        let commands: [SQLScript.MetaCommand]
        do {
            commands = try ScriptEffects.forEachStatement(splitting: text) { reading.add($0, $1) }
        } catch {
            let place = FilePlace(path, line: error.line, column: error.column)
            throw MigrationError(.file, at: place, error.message, hint: error.hint)
        }
        if let command = commands.first(where: { !$0.isHarmless }) {
            throw MigrationError(
                .file,
                at: FilePlace(path, line: command.line),
                "\\\(command.name) is a command of psql, which a migration cannot use",
                hint: "write what it does as SQL"
            )
        }
        statements = reading.ended
        if let copy = reading.copyWithoutEnd {
            throw MigrationError(
                .file,
                at: FilePlace(path, line: copy.line, column: copy.column),
                "the rows of this COPY do not end: the line `\\.` after them is missing",
                hint: "the file may be truncated; a COPY without rows also needs the line `\\.`"
            )
        }
        if let work = RolledBackWork.find(statements) {
            let (rollback, lost) = (statements[work.rollback], statements[work.statement])
            throw MigrationError(
                .file,
                at: FilePlace(path, line: rollback.line, column: rollback.column),
                "\(rollback.tag) takes back what line \(lost.line), \(lost.tag), "
                    + "did, and the migration would count as applied",
                hint: "end the transaction with COMMIT, or remove these statements"
            )
        }
        saysNothingToUndo = statements.isEmpty && markers.nothingToUndoLine != nil
        let runsUnwrapped = isWithoutTransaction || markers.noTransaction != nil
        mode = try Self.mode(statements, isWithoutTransaction: runsUnwrapped, path)
        ledgerIndex = mode == .ownTransaction ? Self.finalCommit(statements) : nil
    }

    /// Collects statements. Statements of the same form share their details, because a file of 50 MB has hundreds of
    /// thousands of statements.
    private struct Reading {
        private var statements: [MigrationStatement] = []
        private var known: [MigrationStatement.Form: MigrationStatement.Details] = [:]
        private(set) var copyWithoutEnd: StatementText?

        mutating func add(_ statement: SQLStatement, _ effects: StatementEffects) {
            if statement.lacksRows { copyWithoutEnd = copyWithoutEnd ?? statement.place }
            let form = MigrationStatement.Form(
                tag: statement.tag,
                effects: effects.withoutPlaces,
                savepoint: statement.savepoint
            )
            statements.append(MigrationStatement(statement.place, details(form, statement.rows)))
        }

        private mutating func details(_ form: MigrationStatement.Form, _ rows: CopyRows?) -> MigrationStatement.Details
        {
            if rows == nil, let details = known[form] { return details }
            let details = MigrationStatement.Details(form, rows)
            if rows == nil { known[form] = details }
            return details
        }

        /// All statements, after the last one was read: it may replace or roll back the effects of earlier ones.
        var ended: [MigrationStatement] {
            var statements = statements
            for index in ScriptEffects.replaced(statements.indices, { statements[$0].effects }) {
                var form = statements[index].details.form
                form.effects.lowerRisk()
                statements[index].details = MigrationStatement.Details(form, statements[index].rows)
            }
            for index in RolledBackWork.undoneBySavepoints(statements) { statements[index].isUndone = true }
            return statements
        }
    }

    private init() {
        path = ""
        statements = []
        mode = .wrapped
        ledgerIndex = nil
        saysNothingToUndo = false
        markers = FileMarkers("")
    }

    /// For a migration that another tool has applied, and that is therefore not run.
    static let empty = MigrationScript()

    private static func mode(
        _ statements: [MigrationStatement],
        isWithoutTransaction: Bool,
        _ path: String
    ) throws(MigrationError) -> Mode {
        if statements.contains(where: { $0.control?.isOfWholeTransaction == true }) { return .ownTransaction }
        if isWithoutTransaction { return .unwrapped }
        let refusing = statements.indices.filter { statements[$0].refusesTransaction }
        guard let first = refusing.first else { return .wrapped }
        guard refusing.count < statements.count else { return .unwrapped }
        let statement = statements[first]
        throw MigrationError(
            .file,
            at: FilePlace(path, line: statement.line, column: statement.column),
            "\(statement.tag) cannot run in a transaction, "
                + "and the other statements of the file would run in one",
            hint: "move it to a separate file, or begin the file with the line `-- no-transaction`"
        )
    }

    /// The index of the last statement, if it is the COMMIT of the only transaction and everything before is in that
    /// transaction.
    private static func finalCommit(_ statements: [MigrationStatement]) -> Int? {
        let controls = statements.indices.filter { statements[$0].control?.isOfWholeTransaction == true }
        guard controls.count == 2, controls[1] == statements.count - 1, statements[controls[0]].control == .begin,
            statements[controls[1]].control == .commit,
            statements[..<controls[0]].allSatisfy({ $0.isSetting })
        else { return nil }
        return controls[1]
    }

    /// The script without some of its statements, for scratch databases.
    package func omitting(_ isOmitted: (MigrationStatement) -> Bool) -> MigrationScript {
        var script = self
        script.statements.removeAll(where: isOmitted)
        script.ledgerIndex = ledgerIndex.flatMap { _ in Self.finalCommit(script.statements) }
        return script
    }

    package var risk: Risk { statements.map(\.effects.risk).max() ?? .low }
    package var changesSession: Bool { statements.contains { !$0.effects.settings.isEmpty || !$0.effects.isParsed } }

    /// The statements that destroy rows or objects that existed before the migration.
    package var destruction: [(statement: MigrationStatement, what: Destruction)] {
        statements.flatMap { statement in statement.effects.destruction.map { (statement, $0) } }
    }

    /// The strongest lock on each relation that existed before the migration.
    package var locks: [RelationName: LockMode] {
        statements.reduce(into: [:]) { locks, statement in
            for touch in statement.effects.touches where !touch.isNew {
                guard let lock = touch.lock else { continue }
                locks[touch.relation] = max(locks[touch.relation] ?? lock, lock)
            }
        }
    }
}

/// A statement of a migration, with its effects.
package struct MigrationStatement: Sendable, RolledBackWork.Statement {
    /// The part of a statement that many statements have in common.
    struct Form: Hashable, Sendable {
        var tag: String
        /// Without the positions of touches in the text.
        var effects: StatementEffects
        var savepoint: String?
    }

    final class Details: Sendable {
        let form: Form
        /// The rows of a COPY … FROM STDIN.
        let rows: CopyRows?

        init(_ form: Form, _ rows: CopyRows?) {
            self.form = form
            self.rows = rows
        }
    }

    private let source: StatementText
    fileprivate(set) var details: Details
    /// Whether a later ROLLBACK TO SAVEPOINT undoes the statement.
    package fileprivate(set) var isUndone = false

    init(_ source: StatementText, _ details: Details) {
        self.source = source
        self.details = details
    }

    package var text: String { source.text }
    package var line: Int { source.line }
    package var column: Int { source.column }
    package var tag: String { details.form.tag }
    package var effects: StatementEffects { details.form.effects }
    package var transaction: TransactionUse { effects.transaction }
    package var savepoint: String? { details.form.savepoint }
    private var firstLine: String { source.firstLine }
    var rows: CopyRows? { details.rows }

    /// The first line, shortened, without the values of an INSERT.
    package var summary: String {
        var summary = firstLine[...]
        for word in ["VALUES", "values", "Values"] {
            if let range = summary.firstRange(of: word) { summary = summary[..<range.lowerBound] }
        }
        while summary.last?.isWhitespace == true { summary.removeLast() }
        return summary.count > 72 ? "\(summary.prefix(71))…" : String(summary)
    }

    var control: TransactionControl? {
        if case .controls(let control) = effects.transaction { return control }
        return nil
    }

    var refusesTransaction: Bool {
        if case .refusesTransaction = effects.transaction { return true }
        return false
    }

    /// RESET ALL and DISCARD ALL also undo the settings that granary makes.
    var resetsSettings: Bool { effects.settings.contains { $0.name == "all" } }

    var isSetting: Bool { !effects.settings.isEmpty && effects.touches.isEmpty }

    /// Whether the statement can share a transaction with the log. A routine that is called may end transactions by
    /// itself.
    var fitsTransaction: Bool {
        effects.transaction == .fits && effects.isParsed && tag != "CALL" && tag != "DO"
    }

    var runsConcurrently: Bool { effects.concurrentIndexWork != nil }
    var concurrentIndex: ConcurrentIndexWork? { effects.concurrentIndexWork }

    /// The line of the first row of a COPY.
    var rowsLine: Int? { rows?.line }

    /// The body of the routine that the statement creates, or of its DO block.
    var body: RoutineBody? { RoutineBody(in: text, line: line, column: column) }

    /// Runs the statement, and sends the rows of a COPY.
    ///
    /// - Throws: `PostgresError`, `CancellationError`.
    package func run(_ session: inout Session) throws {
        // Dumps of newer servers turn off timeouts that older servers do not have.
        if tag == "SET", let name = StatementWords.setting(changedBy: Array(text.utf8)), session.lacksTimeout(name) {
            return
        }
        guard let rows else { return try session.execute(text) }
        _ = try session.copyIn(text) { sink in try rows.withBytes { try sink.write($0) } }
    }

    /// Converts the position of a server error into line and column. `position` counts characters of the statement from
    /// 1.
    func place(ofCharacter position: Int) -> (line: Int, column: Int) {
        var (line, column) = (line, column)
        for scalar in text.unicodeScalars.prefix(max(0, position - 1)) {
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }
}
