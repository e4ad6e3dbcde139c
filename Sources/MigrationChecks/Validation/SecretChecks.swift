internal import Glibc
package import SQLText

/// Finds passwords, keys and example people, which must not be in files that run in production.
package struct SecretChecks {
    private let script: SQLScript
    private let path: String

    package init(_ script: SQLScript, path: String) {
        self.script = script
        self.path = path
    }

    /// Reports one finding of each kind per statement: a statement with a thousand rows is one mistake.
    package func findings() -> [Finding] {
        script.statements.flatMap { statement -> [Finding] in
            guard let tree = statement.tree else { return [] }
            var findings: [Finding] = []
            func note(_ rule: ValidationRule, _ offset: Int?, _ message: String, _ hint: String) {
                guard !findings.contains(where: { $0.rule == rule.rawValue }) else { return }
                let place = statement.place(ofOffset: max(offset ?? statement.offset, statement.offset))
                findings.append(
                    Finding(rule, file: path, line: place.line, column: place.column, message, hint: hint)
                )
            }
            lazy var conditions = Self.conditions(tree)
            let writes = tree.isKind("InsertStmt") || tree.isKind("UpdateStmt") || tree.isKind("DoStmt")
            for (text, offset) in Self.texts(tree) {
                if let what = Self.secret(in: text) {
                    note(.secret, offset, "the text contains \(what)", Self.secretHint)
                }
                // A condition does not insert the person that it names.
                guard writes, Self.namesExample(text), offset.map({ !conditions.contains($0) }) ?? true else {
                    continue
                }
                note(.examplePeople, offset, Self.exampleMessage, Self.exampleHint)
            }
            for (column, value) in Self.assignments(tree) where Self.isSecret(column: column, value: value.text) {
                note(
                    .secret,
                    value.offset,
                    "the column \(column) is set to a literal value",
                    Self.secretHint
                )
            }
            if let (offset, whose) = Self.password(tree) {
                note(.secret, offset, "the password of a \(whose) is written in the file", Self.secretHint)
            }
            return findings
        }
    }

    package static let secretHint =
        "set it outside of the migration, for example from an environment variable, and change it, because it was committed"
    package static let exampleMessage = "a person of example.com is inserted into production"
    package static let exampleHint = "move example people to the layer of development or staging"
}

extension SecretChecks {
    /// The kind of secret that a text looks like; nil for other texts.
    package static func secret(in text: String) -> String? {
        guard text.utf8.count >= 20 else { return nil }
        for (mark, what) in marks {
            // A search for bytes is fast, and few texts contain a mark.
            guard text.containsBytes(of: mark), let range = text.firstRange(of: mark) else { continue }
            // Public keys and certificates are not secret.
            if mark == "-----BEGIN", !text.containsBytes(of: "PRIVATE KEY") { continue }
            // A word that contains the mark, such as task_live_, is not a token.
            let isStart = range.lowerBound == text.startIndex || !text[text.index(before: range.lowerBound)].isLetter
            let rest = text[range.upperBound...].prefix { !$0.isWhitespace }
            if isStart, rest.utf8.count >= 12 || mark.hasPrefix("-----") { return what }
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if namesPassword(text) { return "a password" }
        if text.hasPrefix("eyJ"), parts.count == 3, parts.allSatisfy({ $0.utf8.count > 8 }) { return "a token" }
        return nil
    }

    /// Whether a URL, or text of the form `key=value` as for libpq, contains a password that is not a placeholder.
    private static func namesPassword(_ text: String) -> Bool {
        guard text.containsBytes(of: "://") || text.containsBytes(of: "password=") else { return false }
        var password: Substring?
        if let scheme = text.firstRange(of: "://") {
            let user = text[scheme.upperBound...].prefix { !$0.isWhitespace && $0 != "/" && $0 != "?" }
            if let end = user.lastIndex(of: "@"), let mark = user[..<end].firstIndex(of: ":") {
                password = user[user.index(after: mark)..<end]
            }
        } else if let key = text.firstRange(of: "password="),
            ["host=", "user=", "dbname="].contains(where: text.contains)
        {
            password = text[key.upperBound...].prefix { !$0.isWhitespace }
        }
        guard let password, !password.isEmpty else { return false }
        return !password.contains { "<>{}$*%".contains($0) }
    }

    private static let marks: [(String, String)] = [
        ("$2a$", "a password hash"), ("$2b$", "a password hash"), ("$2y$", "a password hash"),
        ("$argon2", "a password hash"), ("$scrypt$", "a password hash"), ("$pbkdf2", "a password hash"),
        ("pbkdf2_sha256$", "a password hash"), ("scrypt:", "a password hash"), ("SCRAM-SHA-256$", "a password hash"),
        ("$1$", "a password hash"), ("$5$", "a password hash"), ("$6$", "a password hash"), ("$7$", "a password hash"),
        ("$y$", "a password hash"), ("{SSHA}", "a password hash"), ("-----BEGIN", "a key"), ("AKIA", "a key"),
        ("AIza", "a key"), ("sk_live_", "a key"), ("rk_live_", "a key"), ("sk-ant-", "a key"), ("sk-proj-", "a key"),
        ("ghp_", "a token"), ("github_pat_", "a token"), ("glpat-", "a token"), ("xoxb-", "a token"),
        ("xoxp-", "a token"),
    ]

    /// Whether a column with this name holds secrets, and the value may be one. A marker such as `!`, with which
    /// sign-in is impossible, is not a secret.
    package static func isSecret(column: String, value: String) -> Bool {
        guard SecretColumn.isMeant(by: column) else { return false }
        let isMark = !value.contains { $0.isLetter || $0.isNumber } || marksOfNone.contains(value.lowercased())
        return !isMark
    }

    private static let marksOfNone: Set<String> = [
        "x", "none", "locked", "disabled", "invalid", "unset", "null", "00000000-0000-0000-0000-000000000000",
    ]

    /// Whether a text contains an address in a domain that RFC 2606 reserves for examples. A pattern such as
    /// `%@example.com` does not count.
    package static func namesExample(_ text: String) -> Bool {
        guard text.containsBytes(of: "@") else { return false }
        let bytes = Array(text.utf8)
        for place in bytes.indices where bytes[place] == UInt8(ascii: "@") {
            guard place > 0, bytes[place - 1].isInAddress else { continue }
            let domain = String(decoding: bytes[(place + 1)...].prefix(while: \.isInAddress), as: UTF8.self)
            let parts = domain.lowercased().split(separator: ".").suffix(2)
            if parts.first == "example", ["com", "org", "net"].contains(parts.last) { return true }
        }
        return false
    }
}

extension SecretChecks {
    private static func texts(_ tree: ParseNode) -> [(String, Int?)] {
        var texts: [(String, Int?)] = []
        for constant in tree.descendants(ofKind: "A_Const") {
            if let text = constant.string { texts.append((text, constant.offset)) }
        }
        if let connection = tree["conninfo"].string { texts.append((connection, nil)) }
        guard tree.isKind("DoStmt") else { return texts }
        return texts + tree["args"].items.compactMap { $0["arg"].string.map { ($0, nil) } }
    }

    /// The positions of constants in conditions.
    private static func conditions(_ tree: ParseNode) -> Set<Int> {
        let parts = ["SelectStmt", "UpdateStmt", "DeleteStmt"].flatMap { tree.descendants(ofKind: $0) }
        return Set(
            parts.flatMap { $0["whereClause"].descendants(ofKind: "A_Const") }.compactMap(\.offset)
        )
    }

    /// Columns with the texts that INSERT, UPDATE and defaults assign to them.
    private static func assignments(_ tree: ParseNode) -> [(column: String, value: (text: String, offset: Int?))] {
        var found: [(column: String, value: (text: String, offset: Int?))] = []
        for insert in tree.descendants(ofKind: "InsertStmt") {
            let columns = insert["cols"].items.map { $0["name"].string ?? "" }
            for row in insert["selectStmt"]["valuesLists"].items {
                for (column, value) in zip(columns, row.items) {
                    if let text = text(value) { found.append((column, text)) }
                }
            }
            for (column, target) in zip(columns, insert["selectStmt"]["targetList"].items) {
                if let text = text(target["val"]) { found.append((column, text)) }
            }
        }
        for update in tree.descendants(ofKind: "UpdateStmt") {
            for target in update["targetList"].items {
                if let column = target["name"].string, let text = text(target["val"]) { found.append((column, text)) }
            }
        }
        let added = tree["cmds"].items.map { $0["def"] }.filter { $0.isKind("ColumnDef") }
        for column in tree["tableElts"].items.filter({ $0.isKind("ColumnDef") }) + added {
            for constraint in column["constraints"].items where constraint["contype"].string == "CONSTR_DEFAULT" {
                guard let name = column["colname"].string, let text = text(constraint["raw_expr"]) else { continue }
                found.append((name, text))
            }
        }
        for command in tree["cmds"].items where command["subtype"].string == "AT_ColumnDefault" {
            if let name = command["name"].string, let text = text(command["def"]) { found.append((name, text)) }
        }
        return found
    }

    /// A constant, possibly inside a cast or as the first argument of a hash function.
    private static func text(_ value: ParseNode) -> (text: String, offset: Int?)? {
        var value = value
        while value.isKind("TypeCast") { value = value["arg"] }
        if value.isKind("FuncCall"),
            ["crypt", "hash", "digest", "md5", "sha256"].contains(value["funcname"].names.last)
        {
            return value["args"].items.first.flatMap { text($0) }
        }
        guard value.isKind("A_Const"), let text = value.string else { return nil }
        return (text, value.content.offset)
    }

    /// The place of a password that the statement sets, and whether it belongs to a role or a server.
    private static func password(_ tree: ParseNode) -> (offset: Int, whose: String)? {
        let whose: String
        switch tree.kind {
        case "CreateRoleStmt", "AlterRoleStmt": whose = "role"
        case "CreateUserMappingStmt", "AlterUserMappingStmt", "CreateForeignServerStmt", "AlterForeignServerStmt":
            whose = "server"
        case "DoStmt":
            let body = tree["args"].items.compactMap { $0["arg"].string }.first ?? ""
            // In executed text the quotes are doubled. %L is a placeholder.
            let isWritten = body.firstMatch(of: #/(?i)\bpassword\s+'+[^'%\s]/#) != nil
            return isWritten ? (0, "role") : nil
        default: return nil
        }
        let password = tree["options"].items.first { $0["defname"].string == "password" && $0["arg"].string != nil }
        return password.map { ($0.offset ?? 0, whose) }
    }
}

extension UInt8 {
    /// A character of a mail address, except @.
    fileprivate var isInAddress: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x2B: true
        default: self >= 0x80
        }
    }
}

extension String {
    /// Whether it contains the bytes of another, non-empty text.
    fileprivate func containsBytes(of part: String) -> Bool {
        var (text, part) = (self, part)
        return text.withUTF8 { text in
            part.withUTF8 { part in
                var rest = text[...]
                while let start = rest.firstIndex(of: part[0]), text.endIndex - start >= part.count {
                    if memcmp(text.baseAddress! + start, part.baseAddress!, part.count) == 0 { return true }
                    rest = text[(start + 1)...]
                }
                return false
            }
        }
    }
}
