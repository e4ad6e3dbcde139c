internal import Glibc
package import SQLText

/// What must not stand in files that production runs: passwords, keys, and people who are not.
package struct SecretChecks {
    private let script: SQLScript
    private let path: String

    package init(_ script: SQLScript, path: String) {
        self.script = script
        self.path = path
    }

    /// One of each kind for a statement: a file of a thousand rows is one mistake.
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
            let writes = tree.isKind("InsertStmt") || tree.isKind("UpdateStmt") || tree.isKind("DoStmt")
            for (text, offset) in Self.texts(tree) {
                if let what = Self.secret(in: text) { note(.secret, offset, "\(what) stands here", Self.secretHint) }
                guard writes, Self.namesExample(text) else { continue }
                note(.examplePeople, offset, Self.exampleMessage, Self.exampleHint)
            }
            for (column, value) in Self.assignments(tree) where Self.isSecret(column: column, value: value.text) {
                note(
                    .secret,
                    value.offset,
                    "the column \(column) is given a value that is written here",
                    Self.secretHint
                )
            }
            if let offset = Self.rolePassword(tree) {
                note(.secret, offset, "the password of a role is written here", Self.secretHint)
            }
            return findings
        }
    }

    package static let secretHint = "set it where it is used, such as from a variable, and change it: it was committed"
    package static let exampleMessage = "a person of example.com is given to production"
    package static let exampleHint = "people for trying things out belong to the layer of development or staging"
}

// What is a secret.
extension SecretChecks {
    /// What a text is by its form; nil for any other.
    package static func secret(in text: String) -> String? {
        guard text.utf8.count >= 20 else { return nil }
        for (mark, what) in marks {
            // A search for bytes is quick, and finds a mark in one text of a thousand.
            guard text.containsBytes(of: mark), let range = text.firstRange(of: mark) else { continue }
            // A word such as task_live_ is none.
            let isStart = range.lowerBound == text.startIndex || !text[text.index(before: range.lowerBound)].isLetter
            let rest = text[range.upperBound...].prefix { !$0.isWhitespace }
            if isStart, rest.utf8.count >= 12 || mark.hasPrefix("-----") { return what }
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if text.hasPrefix("eyJ"), parts.count == 3, parts.allSatisfy({ $0.utf8.count > 8 }) { return "a token" }
        return nil
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

    /// Whether a column of this name holds secrets, and the value is one: a mark such as `!`, with which nobody signs in,
    /// is none.
    package static func isSecret(column: String, value: String) -> Bool {
        let column = column.lowercased()
        guard secretColumns.contains(where: { column == $0 || column.hasSuffix("_\($0)") }) else { return false }
        let isMark = !value.contains { $0.isLetter || $0.isNumber } || marksOfNone.contains(value.lowercased())
        return !isMark
    }

    private static let secretColumns = [
        "password", "passwd", "pwd", "password_hash", "passwd_hash", "password_digest", "hashed_password",
        "encrypted_password", "secret", "secret_key", "secret_hash", "api_key", "apikey", "access_key", "private_key",
        "token", "token_hash",
    ]
    private static let marksOfNone: Set<String> = ["x", "none", "locked", "disabled", "invalid", "unset", "null"]

    /// Of the domains that RFC 2606 keeps for examples.
    package static func namesExample(_ text: String) -> Bool {
        guard text.containsBytes(of: "@") else { return false }
        return ["@example.com", "@example.org", "@example.net"].contains { domain in
            text.containsBytes(of: domain) || text.lowercased().hasSuffix(domain)
        }
    }
}

// Where texts stand.
extension SecretChecks {
    private static func texts(_ tree: ParseNode) -> [(String, Int?)] {
        var texts: [(String, Int?)] = []
        for constant in tree.descendants(ofKind: "A_Const") {
            if let text = constant.string { texts.append((text, constant.offset)) }
        }
        guard tree.isKind("DoStmt") else { return texts }
        return texts + tree["args"].items.compactMap { $0["arg"].string.map { ($0, nil) } }
    }

    /// Columns and the texts that INSERT and UPDATE give them.
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
        return found
    }

    /// A constant, also under a cast, and the first argument of a function that hashes.
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

    private static func rolePassword(_ tree: ParseNode) -> Int? {
        guard tree.isKind("CreateRoleStmt") || tree.isKind("AlterRoleStmt") else { return nil }
        let password = tree["options"].items.first { $0["defname"].string == "password" && $0["arg"].string != nil }
        return password.map { $0.offset ?? 0 }
    }
}

extension String {
    /// Whether the bytes of another text, which is not empty, stand in it one after the other.
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
