internal import SQLText

/// A statement of a plain dump that the server refused, and that may be left out.
struct FailedStatement {
    /// The object that it would have created, in the words of the statement up to the first value.
    let object: String
    let effect: LeftOut.Effect
    /// The words with which other statements name that object; empty if they do not name it.
    let name: [String]

    /// - Parameter words: The statement's first words, in upper case.
    /// - Returns: nil for a statement that cannot be left out, because rows, positions of sequences, or later
    ///   statements need it.
    init?(_ statement: [UInt8], _ words: [String]) {
        guard let effect = Self.effect(of: words) else { return nil }
        self.effect = effect
        object = Self.title(statement)
        name = Self.name(madeBy: words)
    }

    /// Whether a statement with these words names the object.
    func isNamed(in words: [String]) -> Bool { !name.isEmpty && words.contains(name) }

    private static func effect(of words: [String]) -> LeftOut.Effect? {
        switch words.first {
        case "CREATE": return effect(ofMaking: made(words))
        case "ALTER": return effect(ofAltering: Array(words.dropFirst()))
        case "GRANT", "COMMENT", "REFRESH", "DROP": return .missing
        case "REVOKE", "SECURITY": return .unprotected
        case "ANALYZE": return .fallback
        default: return nil
        }
    }

    /// The words after CREATE, without options.
    private static func made(_ words: [String]) -> [String] {
        Array(words.dropFirst().drop { ["OR", "REPLACE", "TRUSTED", "PROCEDURAL", "RECURSIVE"].contains($0) })
    }

    private static func effect(ofMaking words: [String]) -> LeftOut.Effect? {
        switch words.first {
        case "TABLE", "UNLOGGED", "TEMPORARY", "TEMP", "GLOBAL", "LOCAL", "SEQUENCE": return nil
        case "UNIQUE", "TRIGGER", "CONSTRAINT", "EVENT", "RULE", "POLICY": return .unprotected
        default: return .missing
        }
    }

    private static func effect(ofAltering words: [String]) -> LeftOut.Effect? {
        func has(_ sequence: String...) -> Bool { words.contains(sequence) }
        if has("OWNER", "TO") { return .unprotected }
        switch words.first {
        case "TABLE":
            let keys = ["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE", "NOT"]
            if keys.contains(where: { has("ADD", $0) }) || has("LEVEL", "SECURITY") || has("TRIGGER") {
                return .unprotected
            }
            let harmless = ["DEFAULT", "STATISTICS", "STORAGE", "COMPRESSION"].contains { has("SET", $0) }
            return harmless || has("CLUSTER", "ON") || has("REPLICA", "IDENTITY") ? .missing : nil
        case "INDEX": return .unprotected
        case "SEQUENCE": return has("OWNED", "BY") ? .missing : nil
        case "DEFAULT": return has("REVOKE") ? .unprotected : .missing
        case "VIEW", "MATERIALIZED", "FUNCTION", "PROCEDURE", "TYPE", "DOMAIN", "FOREIGN", "EXTENSION", "PUBLICATION",
            "TEXT", "OPERATOR", "COLLATION", "STATISTICS", "SERVER", "AGGREGATE", "USER":
            return .missing
        case "EVENT", "TRIGGER", "POLICY", "RULE": return .unprotected
        default: return nil
        }
    }

    private static func name(madeBy words: [String]) -> [String] {
        guard words.first == "CREATE" else { return [] }
        let kinds: Set<String> = [
            "FUNCTION", "PROCEDURE", "VIEW", "MATERIALIZED", "TYPE", "DOMAIN", "FOREIGN", "SERVER", "SCHEMA",
            "EXTENSION",
            "AGGREGATE", "COLLATION", "LANGUAGE", "TEXT", "SEARCH", "CONFIGURATION", "DICTIONARY", "DATA", "WRAPPER",
            "PUBLICATION", "STATISTICS", "EVENT", "TRIGGER", "POLICY", "TABLE", "INDEX", "UNIQUE",
        ]
        let behind = made(words).drop { kinds.contains($0) }.drop { ["IF", "NOT", "EXISTS"].contains($0) }
        guard let first = behind.first else { return [] }
        let rest = Array(behind.dropFirst().prefix(2))
        return rest.count == 2 && rest[0] == "." ? [first] + rest : [first]
    }

    /// The beginning of the statement in one line, without strings, because they may contain a password.
    private static func title(_ statement: [UInt8]) -> String {
        let signs = Set("('$;".utf8)
        let words = String(decoding: statement.prefix(400).prefix { !signs.contains($0) }, as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        let text = words.joined(separator: " ")
        return text.count > 120 ? text.prefix(119) + "…" : text
    }
}
