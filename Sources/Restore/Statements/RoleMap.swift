internal import PostgresClient
internal import SQLText

/// Maps roles of an archive to roles of the server, in names and in statements.
struct RoleMap: Sendable {
    let names: [String: String]
    /// The roles of the server; nil if a missing role prevents the restore anyway.
    var present: Set<String>?

    func role(_ name: String) -> String { names[name] ?? name }

    /// The server's role for `name`; nil if it is known to be missing.
    func present(_ name: String) -> String? { isMissing(name) ? nil : role(name) }

    /// Whether the role that replaces `name` is known to be missing.
    func isMissing(_ name: String) -> Bool { present.map { !$0.contains(role(name)) } ?? false }

    /// The statement with its roles replaced, if items of this kind name roles.
    func apply(to sql: String, kind: String) -> String {
        guard !names.isEmpty, RoleMap.kinds.contains(kind) else { return sql }
        return RoleMap.pieces(of: sql, kind: kind).map { piece in
            piece.role.flatMap { names[$0] }.map(QuotedText.name) ?? piece.text
        }.joined()
    }

    /// The roles that the statement names.
    static func roles(in sql: String, kind: String) -> [String] { pieces(of: sql, kind: kind).compactMap(\.role) }

    /// The roles of the archive that the statement names and the server lacks.
    func missing(in sql: String, kind: String) -> [String] {
        guard present != nil, RoleMap.kinds.contains(kind) else { return [] }
        return RoleMap.pieces(of: sql, kind: kind).compactMap(\.role).filter(isMissing)
    }

    /// The policy restricted to roles that the server has; nil if it has none of them.
    func policy(_ sql: String) -> String? {
        let pieces = RoleMap.pieces(of: sql, kind: "POLICY")
        let roles = pieces.indices.filter { pieces[$0].role != nil }
        guard let first = roles.first, let last = roles.last else { return sql }
        let kept = roles.compactMap { pieces[$0].role }.filter { !isMissing($0) }
        guard !kept.isEmpty else { return nil }
        return pieces[..<first].map(\.text).joined() + kept.map { QuotedText.name(role($0)) }.joined(separator: ", ")
            + pieces[(last + 1)...].map(\.text).joined()
    }

    private static let kinds: Set<String> = ["ACL", "DEFAULT ACL", "POLICY", "USER MAPPING"]
    private static let opening: Set<String> = ["TO", "FROM", "ROLE", "AUTHORIZATION", "BY", "FOR"]
    /// Words in the place of a role that are not roles, and PUBLIC.
    private static let words: Set<String> = opening.union([
        "GROUP", "USER", "PUBLIC", "CURRENT_USER", "SESSION_USER", "CURRENT_ROLE",
    ])

    /// Divides the text into pieces, some of which name a role.
    ///
    /// pg_dump writes a role only after certain words. Other quoted text (literals, expressions after USING) is not
    /// changed.
    private static func pieces(of sql: String, kind: String) -> [(text: String, role: String?)] {
        var pieces: [(text: String, role: String?)] = []
        var expectsRole = false
        var isDone = false
        for lexeme in Lexeme.all(of: sql) {
            let text = lexeme.text
            switch lexeme.kind {
            case .word:
                let upper = text.uppercased()
                // In `public.role` the word is the name of a table.
                let isPart = pieces.last?.text == "."
                if kind == "POLICY", upper == "USING" || upper == "WITH" { isDone = true }
                pieces.append((text, expectsRole && !isDone && !words.contains(upper) ? text : nil))
                // A list of roles continues after a comma, and ends at any other word.
                expectsRole =
                    !isDone && !isPart && opening.contains(upper)
                    && !(kind == "POLICY" && upper != "TO") && !(kind == "USER MAPPING" && upper != "FOR")
            case .quotedName:
                pieces.append((text, expectsRole && !isDone ? lexeme.name : nil))
                expectsRole = false
            default:
                pieces.append((text, nil))
                if text == "," && kind == "POLICY" && !isDone { expectsRole = true }
                if text == ";" { isDone = false }
                if [";", "(", ")", "."].contains(text) { expectsRole = false }
            }
        }
        return pieces
    }
}
