internal import PostgresClient

/// Which role of the server stands for one of the archive, in names and in the text of statements.
struct RoleMap: Sendable {
    let names: [String: String]
    /// The roles that the server has; nil where a restore that lacks one does not begin.
    var present: Set<String>?

    func role(_ name: String) -> String { names[name] ?? name }

    /// The server's role for `name`; nil if it is known to be missing.
    func present(_ name: String) -> String? { isMissing(name) ? nil : role(name) }

    /// Whether the role that stands for `name` is known to be missing.
    func isMissing(_ name: String) -> Bool { present.map { !$0.contains(role(name)) } ?? false }

    /// The statement with its roles replaced, for kinds of items whose text names roles.
    func apply(to sql: String, kind: String, _ session: borrowing Session) -> String {
        guard !names.isEmpty, RoleMap.kinds.contains(kind) else { return sql }
        return RoleMap.pieces(of: sql, kind: kind).map { piece in
            piece.role.flatMap { names[$0] }.map { session.quoted($0) } ?? piece.text
        }.joined()
    }

    /// The roles of the archive that the statement names and the server lacks.
    func missing(in sql: String, kind: String) -> [String] {
        guard present != nil, RoleMap.kinds.contains(kind) else { return [] }
        return RoleMap.pieces(of: sql, kind: kind).compactMap(\.role).filter(isMissing)
    }

    /// A policy for those of its roles that the server has; nil when it has none of them.
    func policy(_ sql: String, _ session: borrowing Session) -> String? {
        let pieces = RoleMap.pieces(of: sql, kind: "POLICY")
        let roles = pieces.indices.filter { pieces[$0].role != nil }
        guard let first = roles.first, let last = roles.last else { return sql }
        let kept = roles.compactMap { pieces[$0].role }.filter { !isMissing($0) }
        guard !kept.isEmpty else { return nil }
        return pieces[..<first].map(\.text).joined() + kept.map { session.quoted(role($0)) }.joined(separator: ", ")
            + pieces[(last + 1)...].map(\.text).joined()
    }

    private static let kinds: Set<String> = ["ACL", "DEFAULT ACL", "POLICY", "USER MAPPING"]
    private static let opening: Set<String> = ["TO", "FROM", "ROLE", "AUTHORIZATION", "BY", "FOR"]
    /// What stands where a role is expected and is none, or is PUBLIC.
    private static let words: Set<String> = opening.union(["GROUP", "USER", "PUBLIC", "CURRENT_USER"])

    /// The text cut up, with the role that a piece names.
    ///
    /// pg_dump writes a role only after certain words; what is quoted otherwise (literals, expressions after USING)
    /// is left alone.
    private static func pieces(of sql: String, kind: String) -> [(text: String, role: String?)] {
        var pieces: [(text: String, role: String?)] = []
        var expectsRole = false
        var isDone = false
        for token in SQLTokens(sql) {
            switch token {
            case .word(let word):
                let upper = word.uppercased()
                // In `public.role` the word is a table's name.
                let isPart = pieces.last?.text == "."
                if kind == "POLICY", upper == "USING" || upper == "WITH" { isDone = true }
                pieces.append((word, expectsRole && !isDone && !words.contains(upper) ? word : nil))
                // A list of roles goes on after a comma; anything else ends it.
                expectsRole =
                    !isDone && !isPart && opening.contains(upper)
                    && !(kind == "POLICY" && upper != "TO") && !(kind == "USER MAPPING" && upper != "FOR")
            case .quotedName(let name, let text):
                pieces.append((text, expectsRole && !isDone ? name : nil))
                expectsRole = false
            case .other(let text):
                pieces.append((text, nil))
                if text == "," && kind == "POLICY" && !isDone { expectsRole = true }
                if text == ";" { isDone = false }
                if [";", "(", ")", "."].contains(text) { expectsRole = false }
            }
        }
        return pieces
    }
}

/// Words, quoted names, and everything else of a statement as pg_dump writes it.
struct SQLTokens: Sequence, IteratorProtocol {
    enum Token: Equatable {
        case word(String)
        case quotedName(String, text: String)
        case other(String)
    }

    /// Scalars, not characters: a quote with a combining accent after it is a quote.
    private let text: [Unicode.Scalar]
    private var position = 0

    init(_ sql: String) { text = Array(sql.unicodeScalars) }

    mutating func next() -> Token? {
        guard position < text.count else { return nil }
        let first = text[position]
        if SQLTokens.isLetter(first) {
            return .word(take { SQLTokens.isLetter($0) || ("0"..."9").contains($0) || $0 == "$" })
        }
        if first == "\"" {
            let start = position
            let quoted = takeQuoted("\"")
            return .quotedName(SQLTokens.unquoted(text[start..<position]), text: quoted)
        }
        if first == "'" { return .other(takeQuoted("'")) }
        if first.properties.isWhitespace { return .other(take { $0.properties.isWhitespace }) }
        position += 1
        return .other(String(first))
    }

    /// What PostgreSQL takes for a letter of an unquoted name.
    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_" || scalar.value >= 128
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }

    private static func unquoted(_ quoted: ArraySlice<Unicode.Scalar>) -> String {
        var name: [Unicode.Scalar] = []
        var isEscaped = false
        for scalar in quoted.dropFirst().dropLast() {
            if scalar == "\"", !isEscaped {
                isEscaped = true
                continue
            }
            isEscaped = false
            name.append(scalar)
        }
        return string(name[...])
    }

    private mutating func take(while fits: (Unicode.Scalar) -> Bool) -> String {
        let start = position
        while position < text.count, fits(text[position]) { position += 1 }
        return SQLTokens.string(text[start..<position])
    }

    /// A doubled quote inside is two quoted texts in a row, which comes to the same.
    private mutating func takeQuoted(_ quote: Unicode.Scalar) -> String {
        let start = position
        position += 1
        while position < text.count {
            position += 1
            guard text[position - 1] == quote else { continue }
            guard position < text.count, text[position] == quote else { break }
            position += 1
        }
        return SQLTokens.string(text[start..<position])
    }
}
