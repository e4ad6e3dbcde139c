/// SQL syntax that is newer than the parser, so only the server can judge the statement.
package struct NewerSyntax: Sendable, Equatable {
    /// As PostgreSQL's manual writes it, such as `NOT ENFORCED`.
    package let form: String
    /// The major version that introduced it.
    package let version: Int
}

extension SQLStatement {
    /// The newer syntax at which the parser stopped, so that the statement may be correct. nil if the parser knows the
    /// statement, or the statement is wrong.
    package var newerSyntax: NewerSyntax? {
        guard let error = syntaxError, error.code == .syntax else { return nil }
        let words = StatementTokens(source.bytes, range)
        if error.message.hasPrefix("subquery in FROM must have an alias")
            || error.message.hasPrefix("VALUES in FROM must have an alias")
        {
            return NewerSyntax(form: "a subquery in FROM without an alias", version: 16)
        }
        let stop = error.offset ?? range.upperBound
        for candidate in Self.candidates {
            for place in words.places(of: candidate.words) where candidate.explains(stop, place, in: words) {
                return NewerSyntax(form: candidate.form, version: candidate.version)
            }
        }
        if words.hasNewerNumber(at: stop) { return NewerSyntax(form: "a number such as 1_000 or 0xFF", version: 16) }
        return nil
    }

    private struct Candidate {
        var form: String
        var words: [String]
        var version: Int
        /// The parser may stop anywhere after the beginning of the syntax, not only within it or one word later.
        var reachesFar = false
        /// Words that the statement begins with.
        var statement: [String] = []

        init(_ form: String, _ version: Int, far: Bool = false, in statement: String = "", words: String? = nil) {
            self.form = form
            self.version = version
            reachesFar = far
            self.words = (words ?? form).lowercased().split(separator: " ").map(String.init)
            self.statement = statement.lowercased().split(separator: " ").map(String.init)
        }

        func explains(_ stop: Int, _ place: Range<Int>, in tokens: StatementTokens) -> Bool {
            guard tokens.begins(with: statement), stop >= tokens.offset(place.lowerBound) else { return false }
            return reachesFar || stop <= tokens.offset(place.upperBound)
        }
    }

    private static let candidates: [Candidate] = [
        // 19
        Candidate("MERGE PARTITIONS", 19, in: "ALTER TABLE"), Candidate("SPLIT PARTITION", 19, in: "ALTER TABLE"),
        Candidate("REPACK", 19, in: "REPACK"), Candidate("GROUP BY ALL", 19),
        // 18
        Candidate("VIRTUAL", 18), Candidate("NOT ENFORCED", 18), Candidate("ENFORCED", 18),
        Candidate("WITHOUT OVERLAPS", 18), Candidate("PERIOD", 18),
        Candidate("RETURNING WITH", 18), Candidate("VACUUM ONLY", 18), Candidate("ANALYZE ONLY", 18),
        Candidate("ADD CONSTRAINT … NOT NULL", 18, far: true, in: "ALTER TABLE", words: "NOT NULL"),
        Candidate("INHERIT", 18, in: "ALTER TABLE"), Candidate("ON LARGE OBJECTS", 18),
        // 17
        Candidate("RETURNING", 17, in: "MERGE"), Candidate("RETURNING", 17, in: "WITH"),
        Candidate("NOT MATCHED BY", 17), Candidate("JSON_TABLE", 17, far: true), Candidate("JSON_QUERY", 17, far: true),
        Candidate("JSON_VALUE", 17, far: true), Candidate("JSON_EXISTS", 17, far: true),
        Candidate("JSON_SERIALIZE", 17, far: true), Candidate("JSON_SCALAR", 17, far: true),
        Candidate("JSON", 17, words: "JSON ("),
        Candidate("SET EXPRESSION", 17), Candidate("SET STATISTICS DEFAULT", 17), Candidate("AT LOCAL", 17),
        Candidate("ACCESS METHOD DEFAULT", 17),
        // 16
        Candidate("JSON_OBJECT", 16, far: true), Candidate("JSON_ARRAY", 16, far: true),
        Candidate("JSON_OBJECTAGG", 16, far: true), Candidate("JSON_ARRAYAGG", 16, far: true),
        Candidate("IS JSON", 16), Candidate("IS NOT JSON", 16), Candidate("STORAGE", 16, in: "CREATE TABLE"),
        Candidate("STORAGE", 16, in: "ALTER TABLE"),
        Candidate("WITH ADMIN TRUE", 16, in: "GRANT"), Candidate("WITH ADMIN FALSE", 16, in: "GRANT"),
        Candidate("WITH INHERIT", 16, in: "GRANT"), Candidate("WITH SET", 16, in: "GRANT"),
        Candidate("INHERIT OPTION", 16, in: "REVOKE"), Candidate("SET OPTION", 16, in: "REVOKE"),
        Candidate("CREATE STATISTICS ON", 16), Candidate("SET STORAGE DEFAULT", 16),
        Candidate("REINDEX DATABASE", 16), Candidate("REINDEX SYSTEM", 16),
    ]
}

/// The words and signs of a statement with their positions, without quotations and comments.
private struct StatementTokens {
    private var tokens: [(text: String, offset: Int)] = []
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        end = range.upperBound
        bytes.withUnsafeBufferPointer { bytes in
            let read = SQLTokens(bytes, in: range)
            for token in read where token.kind == .word || token.kind == .number || token.kind == .sign {
                tokens.append((read.text(token).lowercased(), token.range.lowerBound))
            }
        }
    }

    func offset(_ index: Int) -> Int { index < tokens.count ? tokens[index].offset : end }

    func begins(with words: [String]) -> Bool { tokens.prefix(words.count).map(\.text) == words }

    func places(of words: [String]) -> [Range<Int>] {
        guard tokens.count >= words.count else { return [] }
        return (0...(tokens.count - words.count)).filter { start in
            words.indices.allSatisfy { tokens[start + $0].text == words[$0] }
        }.map { $0..<($0 + words.count) }
    }

    /// Whether there is a number in the newer notation where the parser stopped, or just before.
    func hasNewerNumber(at stop: Int) -> Bool {
        tokens.contains { token in
            guard token.offset <= stop, stop <= token.offset + token.text.utf8.count,
                let first = token.text.utf8.first, (0x30...0x39).contains(first)
            else { return false }
            let rest = token.text.dropFirst()
            if first == 0x30, let mark = rest.first, "xob".contains(mark) { return true }
            return rest.contains("_") && rest.allSatisfy { $0 == "_" || $0 == "." || $0.isNumber }
        }
    }
}
