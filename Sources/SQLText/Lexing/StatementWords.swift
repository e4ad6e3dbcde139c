/// The first words of a statement, for code that only needs its kind.
package enum StatementWords {
    /// Up to `count` words, names and signs at the beginning of the statement, without comments.
    ///
    /// Words are in upper case. Quoted names, strings and numbers are unchanged. Any other sign is a separate word.
    package static func first(_ count: Int, of statement: [UInt8]) -> [String] {
        statement.withUnsafeBufferPointer { bytes in
            var tokens = SQLTokens(bytes)
            var words: [String] = []
            while words.count < count, let token = tokens.nextSignificant() {
                let text = tokens.text(token)
                switch token.kind {
                case .word: words.append(text.uppercased())
                // The E of E'…' is a separate word.
                case .string where text.first != "'": words += [text.prefix(1).uppercased(), String(text.dropFirst())]
                default: words.append(text)
                }
            }
            return Array(words.prefix(count))
        }
    }

    /// All words, names and signs of a statement, as `first(_:of:)` gives them.
    package static func all(of statement: [UInt8]) -> [String] { first(.max, of: statement) }

    /// The table of a COPY, as the parts of its name, unquoted; empty when there is no name.
    package static func copyTable(_ statement: [UInt8]) -> [String] { name(after: ["copy"], in: statement) }

    /// The table of an INSERT that is not in a WITH, like `copyTable(_:)`.
    package static func insertTable(_ statement: [UInt8]) -> [String] {
        name(after: ["insert", "into"], in: statement)
    }

    /// The table of a CREATE TABLE without further words before the name, like `copyTable(_:)`.
    package static func createdTable(_ statement: [UInt8]) -> [String] {
        name(after: ["create", "table"], in: statement)
    }

    /// The parts of the name that follows these words, unquoted; empty if the statement does not begin with them.
    private static func name(after words: [StaticString], in statement: [UInt8]) -> [String] {
        statement.withUnsafeBufferPointer { bytes in
            var tokens = SQLTokens(bytes)
            for word in words {
                guard let token = tokens.nextSignificant(), tokens[token].isWord(word) else { return [] }
            }
            var parts: [String] = []
            repeat {
                guard let token = tokens.nextSignificant(), let name = tokens.name(token) else { break }
                parts.append(name)
            } while tokens.takes(UInt8(ascii: "."))
            return parts
        }
    }

    /// The setting that `SET [SESSION|LOCAL] name = …` (or `TO …`) changes, in lower case; nil for any other statement.
    package static func setting(changedBy statement: [UInt8]) -> String? {
        var words = first(6, of: statement)
        guard words.first == "SET" else { return nil }
        words.removeFirst()
        if let scope = words.first, scope == "SESSION" || scope == "LOCAL" { words.removeFirst() }
        guard words.count >= 2, words[1] == "=" || words[1] == "TO" else { return nil }
        return words[0].replacing("\"", with: "").lowercased()
    }

    /// Whether the statement is RESET ALL or DISCARD ALL, which undo all settings of the session.
    package static func resetsSettings(_ statement: [UInt8]) -> Bool {
        guard statement.count < 256 else { return false }
        let words = first(2, of: statement)
        return words == ["RESET", "ALL"] || words == ["DISCARD", "ALL"]
    }

    /// The value of `standard_conforming_strings` after the statement; nil when it does not touch it.
    static func standardStrings(setBy statement: [UInt8]) -> Bool? {
        guard !resetsSettings(statement) else { return true }
        // Only SET, SELECT and RESET, because a dump of INSERTs must not be converted to strings.
        guard statement.count < 256, let letter = statement.first.map({ $0 | 0x20 }),
            letter == UInt8(ascii: "s") || letter == UInt8(ascii: "r")
        else { return nil }
        let name = "standard_conforming_strings"
        let text = String(decoding: statement, as: UTF8.self).lowercased()
        guard let found = text.firstRange(of: name) else { return nil }
        let first = Self.first(1, of: statement)
        if first == ["RESET"] { return true }
        guard first == ["SET"] || first == ["SELECT"] else { return nil }
        let isPart = { (character: Character) in character.isLetter || character.isNumber }
        var values = text[found.upperBound...].split { !isPart($0) }
        if values.first == "to" { values.removeFirst() }
        guard let value = values.first else { return nil }
        return !["off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"].contains(value)
    }
}
