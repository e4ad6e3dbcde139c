internal import SQLText

/// What of a plain dump is sent to the server, what is passed over, and what is refused.
struct DumpRules {
    let path: String
    /// Everything is one transaction, which is ours to end.
    let inPlace: Bool
    /// The line of a BEGIN of which only large objects have followed so far.
    private var largeObjectsSince: Int?

    init(path: String, inPlace: Bool) {
        self.path = path
        self.inPlace = inPlace
    }

    enum Verdict: Equatable {
        case run
        /// Passed over; the reason is a note where it matters to someone.
        case skip(note: String?)
    }

    /// - Throws: `RestoreError.dump` with file and line.
    mutating func judge(_ element: DumpScript.Element) throws -> Verdict {
        switch element {
        case .copy:
            try finish()
            return .run
        case .metaCommand(let name, let line):
            // pg_dump puts the two around everything, to keep psql from running any others.
            if name == "restrict" || name == "unrestrict" { return .skip(note: nil) }
            throw error(
                line,
                "\\\(name) is a command of psql, which restore does not run",
                hint: name == "connect" || name == "c"
                    ? "take a dump of one database, without --create" : "remove the line, or run the file with psql"
            )
        case .statement(let text, let line): return try judge(StatementWords.first(12, of: text), text, line)
        }
    }

    private mutating func judge(_ words: [String], _ text: [UInt8], _ line: Int) throws -> Verdict {
        if let what = beyond(words) {
            throw error(
                line,
                "\(what) reaches beyond the database that is restored",
                hint: "take a dump of one database, without --create, or run the file with psql"
            )
        }
        // pg_dump before PostgreSQL 11 wrote it into every dump, with the name of the database of then.
        if words.starts(with: ["COMMENT", "ON", "DATABASE"]) {
            return .skip(note: "line \(line): COMMENT ON DATABASE was left out")
        }
        if inPlace, try isFrameOfLargeObjects(words, line) { return .skip(note: nil) }
        if StatementWords.setting(changedBy: text) == "client_encoding", let name = unsafeEncoding(words) {
            throw error(
                line,
                "the dump is in \(name), whose characters may hold quotes and backslashes",
                hint: "take it with pg_dump --encoding=UTF8"
            )
        }
        return .run
    }

    /// pg_dump puts BEGIN and COMMIT around the contents of large objects, since their descriptors end with a
    /// transaction: in ours the two are not needed. Around anything else they are refused.
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

    /// - Throws: when a BEGIN was not that of large objects.
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

    private func beyond(_ words: [String]) -> String? {
        guard words.count > 1 else { return nil }
        let (verb, object) = (words[0], words[1])
        switch verb {
        case "CREATE", "ALTER", "DROP":
            let isOutside = ["DATABASE", "ROLE", "GROUP", "TABLESPACE", "SYSTEM"].contains(object)
            let isUser = object == "USER" && words.dropFirst(2).first != "MAPPING"
            return isOutside || isUser ? "\(verb) \(object)" : nil
        case "GRANT", "REVOKE":
            let isDatabase = zip(words, words.dropFirst()).contains { $0 == "ON" && $1 == "DATABASE" }
            return isDatabase ? "\(verb) ON DATABASE" : nil
        default: return nil
        }
    }

    private func transactionControl(_ words: [String]) -> String? {
        switch words.first {
        case "BEGIN", "COMMIT", "END", "ABORT": words[0]
        case "START", "PREPARE": words.dropFirst().first == "TRANSACTION" ? words[0] + " TRANSACTION" : nil
        // To a savepoint is not to the beginning.
        case "ROLLBACK": words.dropFirst().prefix(2).contains("TO") ? nil : "ROLLBACK"
        default: nil
        }
    }

    /// Encodings in which a byte of ASCII may be the second half of a character: no server has them.
    private func unsafeEncoding(_ words: [String]) -> String? {
        let names = words.dropFirst(2).map { $0.uppercased().filter { $0.isLetter || $0.isNumber } }
        let isUnsafe = { (name: String) in
            [
                "SJIS", "SHIFTJIS", "MSKANJI", "WIN932", "WINDOWS932", "BIG5", "WIN950", "WINDOWS950", "GBK", "WIN936",
                "WINDOWS936", "UHC", "WIN949", "WINDOWS949", "GB18030", "JOHAB", "SHIFTJIS2004",
            ].contains(name)
        }
        return names.first(where: isUnsafe)
    }

    func error(_ line: Int, _ message: String, hint: String? = nil) -> RestoreError {
        RestoreError(.dump, "\(path):\(line): \(message)", hint: hint)
    }

    func error(_ error: SQLTextError) -> RestoreError { self.error(error.line, error.message, hint: error.hint) }
}
