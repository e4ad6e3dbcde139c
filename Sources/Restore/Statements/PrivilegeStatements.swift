internal import Archive
internal import PostgresClient
internal import SQLText

/// Executes the privileges of one object statement by statement, when owners are left out and roles may be missing.
/// Grants to missing roles are listed, and everything else is executed, above all each REVOKE.
struct PrivilegeStatements {
    private let item: Manifest.SchemaItem
    private let roles: RoleMap
    /// The statements that were not executed, with the reason.
    private(set) var leftOut: [(statement: String, reason: String)] = []
    /// The role that grants the following statements, up to RESET SESSION AUTHORIZATION, if the session cannot act as
    /// it.
    private var absentGrantor: String?

    init(_ item: Manifest.SchemaItem, _ roles: RoleMap) {
        self.item = item
        self.roles = roles
    }

    mutating func run(_ session: inout Session) throws {
        for statement in Self.statements(item.sql) { try run(statement, &session) }
    }

    private mutating func run(_ statement: String, _ session: inout Session) throws {
        let words = statement.split(whereSeparator: \.isWhitespace).prefix(3).map { $0.uppercased() }
        if words == ["RESET", "SESSION", "AUTHORIZATION"], absentGrantor != nil {
            absentGrantor = nil
            return
        }
        let isGrantor = words == ["SET", "SESSION", "AUTHORIZATION"]
        if let role = roles.missing(in: statement, kind: item.kind).first {
            if isGrantor { absentGrantor = role } else { leave(statement, "the server has no role \(role)") }
            return
        }
        if let absentGrantor { return leave(statement, "it was granted by \(absentGrantor)") }
        do {
            let sql = roles.apply(to: statement, kind: item.kind)
            try session.attempt { try $0.execute(sql) }
        } catch let error as PostgresError where Self.mayBeLeft(statement, words, of: item.kind, error) {
            if isGrantor {
                absentGrantor = statement.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
            } else {
                leave(statement, error.message)
            }
        }
    }

    /// Whether a failed statement may be left out: a grant, or default privileges of a role that the session may not
    /// act for. A REVOKE on an object must not fail.
    private static func mayBeLeft(
        _ statement: String,
        _ words: [String],
        of kind: String,
        _ error: PostgresError
    ) -> Bool {
        // Undefined role, no right, no grant options.
        guard ["42704", "42501", "0LP01", "0L000"].contains(error.sqlState ?? "") else { return false }
        return kind == "DEFAULT ACL" || words.first == "GRANT" || words.first == "SET"
    }

    private mutating func leave(_ statement: String, _ reason: String) {
        // A missing role has nothing that could be revoked.
        guard statement.prefix(6).uppercased() != "REVOKE" || absentGrantor != nil else { return }
        leftOut.append((statement, reason))
    }

    /// Without semicolons. pg_dump writes only names and keywords.
    static func statements(_ sql: String) -> [String] {
        var statements: [String] = []
        var current = ""
        for lexeme in Lexeme.all(of: sql) {
            if lexeme.kind == .sign, lexeme.text == ";" {
                statements.append(current)
                current = ""
            } else {
                current += lexeme.text
            }
        }
        return (statements + [current]).map { statement in
            String(statement.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }.filter { !$0.isEmpty }
    }
}
