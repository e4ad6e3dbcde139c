internal import Archive
internal import PostgresClient
internal import SQLText

/// The privileges of an object, statement by statement, where owners are left out and roles of the archive may be
/// missing: what they were granted is listed, and everything else, above all each REVOKE, is done.
struct PrivilegeStatements {
    private let item: Manifest.SchemaItem
    private let roles: RoleMap
    /// Those that were not run, and why.
    private(set) var leftOut: [(statement: String, reason: String)] = []
    /// The role that the statements up to RESET SESSION AUTHORIZATION should run as, when that cannot be.
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

    /// A grant, or the defaults of a role that we may not act for; a REVOKE on an object must not fail.
    private static func mayBeLeft(
        _ statement: String,
        _ words: [String],
        of kind: String,
        _ error: PostgresError
    ) -> Bool {
        // Undefined role, not allowed, grant options that are not there.
        guard ["42704", "42501", "0LP01", "0L000"].contains(error.sqlState ?? "") else { return false }
        return kind == "DEFAULT ACL" || words.first == "GRANT" || words.first == "SET"
    }

    private mutating func leave(_ statement: String, _ reason: String) {
        // From a role that is not there nothing is to be taken.
        guard statement.prefix(6).uppercased() != "REVOKE" || absentGrantor != nil else { return }
        leftOut.append((statement, reason))
    }

    /// Without the semicolons; pg_dump writes nothing but names and words.
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
