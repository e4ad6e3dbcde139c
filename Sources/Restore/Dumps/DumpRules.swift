internal import PostgresClient
internal import SQLText

/// Decides which statements of a plain dump are sent to the server, and how; which are skipped, and which refused.
struct DumpRules {
    /// The options that affect a dump.
    struct Options: Sendable, Equatable {
        var path: String
        /// Whether the restore is one transaction, which granary ends.
        var inPlace: Bool
        /// `--database`
        var database: String?
        /// The database to restore.
        var target: String
        var noOwner = false
        var noPrivileges = false
        var noTablespaces = false
        var withoutForeignRows = false
        var roleMap: [String: String] = [:]
    }

    /// Facts about the server during the restore; nil while the file is only read.
    struct Server: Sendable {
        /// All roles.
        var roles: Set<String>
        /// The new database, if the dump's statements about its database as a whole apply to it. A database that
        /// replaces an old one keeps the old one's properties instead.
        var newDatabase: String?
    }

    enum Verdict: Equatable {
        case run(DumpAction)
        /// Executed at the end. It is about the database as a whole.
        case runLast(DumpAction)
        /// Skipped. The note gives the reason, if it matters to a person.
        case skip(note: String? = nil)
        /// Skipped, and listed as left out.
        case leave(object: String, reason: String)
    }

    let options: Options
    let server: Server?
    private(set) var databases: DumpDatabases
    /// What the dump needs from the server.
    private(set) var needs = DumpNeeds()
    /// The line of a BEGIN that only large objects have followed so far.
    private var largeObjectsSince: Int?
    /// Variables of psql that have a value.
    private var variables: Set<String> = []
    private var hasToldGlobals = false
    private var hasForeignTables = false

    init(_ options: Options, server: Server? = nil) {
        self.options = options
        self.server = server
        databases = DumpDatabases(chosen: options.database, target: options.target)
    }

    var path: String { options.path }
    var inPlace: Bool { options.inPlace }

    /// - Throws: `RestoreError.dump` with file and line.
    mutating func judge(_ element: DumpScript.Element) throws -> Verdict {
        switch element {
        case .copy:
            databases.noteContent()
            guard databases.isChosen else { return .skip() }
            try finish()
            return .run(DumpAction())
        case .metaCommand(let name, let arguments, let line): return try judge(PsqlCommand(name, arguments), line)
        case .statement(let text, let line):
            try requireNoVariable(text, line)
            return try judge(DumpStatement(text, line))
        }
    }

    private mutating func judge(_ command: PsqlCommand, _ line: Int) throws -> Verdict {
        switch command {
        case .skipped: return .skip()
        case .connect(let name):
            databases.connect(to: name, line: line)
            return .skip()
        case .encoding(let name):
            guard databases.isChosen else { return .skip() }
            try requireSafe([name], line)
            return .run(DumpAction(text: Array("SET client_encoding = '\(name)'".utf8)))
        case .variable(let name):
            variables.insert(name)
            return .skip()
        case .refused(let sentence, let hint):
            guard databases.isChosen else { return .skip() }
            throw error(line, sentence, hint: hint)
        }
    }

    private mutating func judge(_ statement: DumpStatement) throws -> Verdict {
        if let mention = statement.database { return judge(statement, mention) }
        if let what = statement.beyond {
            // In the output of pg_dumpall, roles and tablespaces of the cluster come before the first database.
            guard databases.isChosen else { return globals() }
            throw beyond(what, statement.line)
        }
        if !statement.isSetting { databases.noteContent() }
        guard databases.isChosen else { return .skip() }
        if inPlace, try isFrameOfLargeObjects(statement.words, statement.line) { return .skip() }
        if statement.setting == "client_encoding" {
            try requireSafe(Array(statement.words.dropFirst(2)), statement.line)
        }
        needs.note(statement, options)
        if let left = leavesForeignRows(statement) { return left }
        if let verdict = DumpRoles(options, server).verdict(statement) { return verdict }
        return Self.usual(statement, options)
    }

    /// A dump does not say what a materialized view reads, so all of them stay empty if there is a foreign table.
    private mutating func leavesForeignRows(_ statement: DumpStatement) -> Verdict? {
        guard options.withoutForeignRows else { return nil }
        if statement.words.starts(with: ["CREATE", "FOREIGN", "TABLE"]) { hasForeignTables = true }
        guard hasForeignTables, statement.first == "REFRESH" else { return nil }
        return .leave(
            object: "REFRESH MATERIALIZED VIEW of line \(statement.line)",
            reason: "it may read a foreign table, to whose server no connection is made"
        )
    }

    private mutating func globals() -> Verdict {
        defer { hasToldGlobals = true }
        return .skip(note: hasToldGlobals ? nil : "roles and tablespaces of the cluster were left out of the dump")
    }

    /// Statements of pg_dump that fail in a new database, or for an ordinary role, in the form in which they are
    /// written.
    private static func usual(_ statement: DumpStatement, _ options: Options) -> Verdict {
        switch statement.kind {
        case .schemaPublic: .run(DumpAction(text: statement.ifNotExists))
        // An object that is dropped may be missing.
        case .drop: .run(DumpAction(mayFail: DumpAction.missing))
        // A new database keeps the objects that initdb created, with their privileges.
        case .dropOfInitdb where !options.inPlace: .skip()
        case .dropOfInitdb: .run(DumpAction(mayFail: DumpAction.missing.union(DumpAction.notAllowed)))
        case .commentOfInitdb:
            .run(
                DumpAction(
                    mayFail: DumpAction.notAllowed,
                    note: "line \(statement.line): \(statement.title) was left out"
                )
            )
        case .languageOfInitdb: .skip()
        case .ownerOfInitdb: .run(DumpAction(mayFail: DumpAction.notAllowed.union(DumpAction.missing)))
        case .statistics:
            .run(
                DumpAction(
                    mayFail: ["42883"],
                    note: "statistics of the dump were left out, because the server does not know them"
                )
            )
        case .tablespace where options.noTablespaces: .skip()
        default: .run(DumpAction())
        }
    }
}

/// How to send a statement.
struct DumpAction: Sendable, Equatable {
    /// The text to send instead of the statement.
    var text: [UInt8]?
    /// SQLSTATEs with which the server may refuse it.
    var mayFail: Set<String> = []
    /// The beginning of the note in that case; the server's reason follows.
    var note: String?

    /// Tables, objects, schemas, functions and columns that do not exist.
    static let missing: Set<String> = ["42P01", "42704", "3F000", "42883", "42703"]
    /// No right, or other objects depend on it.
    static let notAllowed: Set<String> = ["42501", "2BP01"]
}

// Statements about the database as a whole.
extension DumpRules {
    private mutating func judge(_ statement: DumpStatement, _ mention: DumpStatement.Database) -> Verdict {
        let left = Verdict.skip(note: "line \(statement.line): \(mention.what) was left out")
        guard databases.isChosen(mention.name) else { return .skip() }
        // Before PostgreSQL 11, pg_dump always wrote this comment, with the original name of the database.
        if mention.kind == .comment, !databases.isCreated(mention.name) { return left }
        databases.noteMention(of: mention.name, mention.what, line: statement.line)
        switch mention.kind {
        case .create: needs.database = needs.database ?? DumpedDatabase(statement)
        case .template: return left
        case .owner, .setting, .comment: needs.database?.note(statement, mention.kind)
        case .drop, .privileges, .other: break
        }
        needs.note(statement, options)
        guard let server else { return .skip() }
        guard server.newDatabase != nil || mention.kind == .create || mention.kind == .drop || mention.kind == .owner
        else {
            return .skip(
                note: "what the dump says of its database as a whole was left out: \(options.target) keeps its own"
            )
        }
        guard mention.kind == .privileges || mention.kind == .other, let database = server.newDatabase else {
            return .skip()
        }
        return last(statement, mention, database, server)
    }

    /// The statement with the name of the new database.
    private func last(
        _ statement: DumpStatement,
        _ mention: DumpStatement.Database,
        _ database: String,
        _ server: Server
    ) -> Verdict {
        guard mention.kind != .privileges || !options.noPrivileges else { return .skip() }
        var text = StatementText(statement.text)
        text.replace(mention.place, by: QuotedText.name(database))
        let roles = DumpRoles(options, server)
        if let role = roles.missing(in: text.sql, kind: "ACL").first {
            return .skip(note: "left out, because the server has no role \(role): \(mention.what)")
        }
        text.sql = roles.mapped(text.sql, kind: "ACL")
        let mayFail = DumpAction.notAllowed.union(DumpAction.missing).union(["22023"])
        return .runLast(
            DumpAction(text: text.bytes, mayFail: mayFail, note: "line \(statement.line): \(mention.what) was left out")
        )
    }

    /// Why the options do not permit a restore of this file; nil if they do.
    var failure: RestoreError? { databases.failure(self) }
}

// Statements that are refused.
extension DumpRules {
    /// psql would insert the value of a variable into the statement.
    private func requireNoVariable(_ text: [UInt8], _ line: Int) throws {
        guard !variables.isEmpty, text.contains(UInt8(ascii: ":")), databases.isChosen else { return }
        let lexemes = Lexeme.all(of: StatementText(text).sql)
        for (place, lexeme) in lexemes.enumerated().dropLast() where lexeme.kind == .sign && lexeme.text == ":" {
            guard place == 0 || lexemes[place - 1].text != ":" else { continue }
            let next = lexemes[place + 1]
            let name = next.kind == .string ? String(next.text.dropFirst().dropLast()) : next.name
            guard let name, variables.contains(name) else { continue }
            throw error(
                line,
                "the statement uses psql's variable \(name), which restore does not put in",
                hint: "write its value, or run the file with psql"
            )
        }
    }

    /// pg_dump writes BEGIN and COMMIT around the contents of large objects, because a descriptor is valid for one
    /// transaction. In one transaction for everything they are unnecessary. Anywhere else they are refused.
    private mutating func isFrameOfLargeObjects(_ words: [String], _ line: Int) throws -> Bool {
        if largeObjectsSince != nil {
            let call = words.dropFirst(words.dropFirst(2).first == "." ? 3 : 1).first ?? ""
            if words.first == "SELECT", ["LO_OPEN", "LOWRITE", "LO_CLOSE"].contains(call) { return false }
            if words == ["COMMIT"] {
                largeObjectsSince = nil
                return true
            }
            try finish()
        }
        if words == ["BEGIN"] {
            largeObjectsSince = line
            return true
        }
        if let what = transactionControl(words) { throw transactionError(line, what) }
        return false
    }

    /// - Throws: `RestoreError.dump` if a BEGIN was not one of large objects.
    func finish() throws {
        if let line = largeObjectsSince { throw transactionError(line, "BEGIN") }
    }

    private func transactionError(_ line: Int, _ what: String) -> RestoreError {
        error(
            line,
            "\(what) would end or split the one transaction of --in-place",
            hint: "restore it without --in-place"
        )
    }

    private func transactionControl(_ words: [String]) -> String? {
        switch words.first {
        case "BEGIN", "COMMIT", "END", "ABORT": words[0]
        case "START", "PREPARE": words.dropFirst().first == "TRANSACTION" ? words[0] + " TRANSACTION" : nil
        // A ROLLBACK TO a savepoint does not end the transaction.
        case "ROLLBACK": words.dropFirst().prefix(2).contains("TO") ? nil : "ROLLBACK"
        default: nil
        }
    }

    private func requireSafe(_ words: [String], _ line: Int) throws {
        guard let name = DumpEncoding.unsafe(words) else { return }
        throw error(
            line,
            "the dump is in \(name), whose characters may hold quotes and backslashes",
            hint: "take it with pg_dump --encoding=UTF8"
        )
    }

    func beyond(_ what: String, _ line: Int) -> RestoreError {
        error(
            line,
            "\(what) reaches beyond the database that is restored",
            hint: "take a dump of one database with pg_dump, or run the file with psql"
        )
    }

    func error(_ line: Int, _ message: String, hint: String? = nil) -> RestoreError {
        RestoreError(.dump, "\(path):\(line): \(message)", hint: hint)
    }

    func error(_ error: SQLTextError) -> RestoreError { self.error(error.line, error.message, hint: error.hint) }
}

/// Encodings of a dump.
enum DumpEncoding {
    /// The first name of an encoding in which the second byte of a character may be an ASCII character. No server uses
    /// such an encoding.
    static func unsafe(_ words: [String]) -> String? {
        words.map { $0.uppercased().filter { $0.isLetter || $0.isNumber } }.first(where: names.contains)
    }

    private static let names: Set<String> = [
        "SJIS", "SHIFTJIS", "MSKANJI", "WIN932", "WINDOWS932", "BIG5", "WIN950", "WINDOWS950", "GBK", "WIN936",
        "WINDOWS936", "UHC", "WIN949", "WINDOWS949", "GB18030", "JOHAB", "SHIFTJIS2004",
    ]
}
