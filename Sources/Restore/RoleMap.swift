internal import PostgresClient

/// Which role of the server stands for one of the archive, in names and in the text of statements.
struct RoleMap: Sendable {
    let names: [String: String]

    func role(_ name: String) -> String { names[name] ?? name }

    /// The statement with its roles replaced, for kinds of items whose text names roles.
    ///
    /// pg_dump writes a role only after certain words; what is quoted otherwise (literals, expressions after USING)
    /// is left alone.
    func apply(to sql: String, kind: String, _ session: borrowing Session) -> String {
        guard !names.isEmpty, ["ACL", "DEFAULT ACL", "POLICY", "USER MAPPING"].contains(kind) else { return sql }
        var result = ""
        var expectsRole = false
        var isDone = false
        for token in SQLTokens(sql) {
            switch token {
            case .word(let word):
                let upper = word.uppercased()
                if kind == "POLICY", upper == "USING" || upper == "WITH" { isDone = true }
                if expectsRole, !isDone, !["GROUP", "ROLE", "USER", "PUBLIC", "CURRENT_USER"].contains(upper) {
                    result += names[word].map { session.quoted($0) } ?? word
                } else {
                    result += word
                }
                // A list of roles goes on after a comma; anything else ends it.
                expectsRole =
                    !isDone && RoleMap.opening.contains(upper)
                    && !(kind == "POLICY" && upper != "TO") && !(kind == "USER MAPPING" && upper != "FOR")
            case .quotedName(let name, let text):
                result += expectsRole && !isDone ? names[name].map { session.quoted($0) } ?? text : text
                expectsRole = false
            case .other(let text):
                result += text
                if text == "," && kind == "POLICY" && !isDone { expectsRole = true }
                if text == ";" { isDone = false }
            }
        }
        return result
    }

    private static let opening: Set<String> = ["TO", "FROM", "ROLE", "AUTHORIZATION", "BY", "FOR"]
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
