internal import SQLText

/// The role in whose name a session acts from then on.
enum SessionRole {
    /// Whether a statement is `SET SESSION AUTHORIZATION`, also with SESSION or LOCAL before it, or `SET
    /// session_authorization`.
    static func isSet(by statement: [UInt8]) -> Bool {
        let words = StatementWords.first(4, of: statement)
        guard words.first == "SET" else { return false }
        let scopes = words.dropFirst().prefix { $0 == "SESSION" || $0 == "LOCAL" }
        return scopes.last == "SESSION" && words.dropFirst(1 + scopes.count).first == "AUTHORIZATION"
            || StatementWords.setting(changedBy: statement) == "session_authorization"
    }

    /// The role that a statement sets, with the position of its token; nil for DEFAULT and all other statements. pg_dump
    /// writes a name before a grant in the name of another role, and a string with `--use-set-session-authorization`.
    static func named(in statement: [UInt8]) -> (name: String, place: Int)? {
        guard isSet(by: statement), let token = StatementText(statement).significant.last,
            !token.lexeme.isWord("DEFAULT"), let name = token.lexeme.stringValue ?? token.lexeme.foldedName
        else { return nil }
        return (name, token.place)
    }
}
