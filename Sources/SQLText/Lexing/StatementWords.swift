/// What a statement begins with, for those who only need to know its kind.
package enum StatementWords {
    /// Up to `count` words, names and signs that the statement begins with, comments left out.
    ///
    /// Words are in upper case; a quoted name, a string and a number stand as they are written; any other sign is a
    /// word of its own.
    package static func first(_ count: Int, of statement: [UInt8]) -> [String] {
        var words: [String] = []
        var rest = statement[...]
        while words.count < count, let word = next(&rest) { words.append(word) }
        return words
    }

    /// The table of a COPY, as the parts of its name, unquoted; empty when there is no name.
    package static func copyTable(_ statement: [UInt8]) -> [String] {
        var rest = statement[...]
        guard next(&rest) == "COPY" else { return [] }
        var parts: [String] = []
        while let word = next(&rest) {
            if word.hasPrefix("\"") {
                parts.append(String(word.dropFirst().dropLast()).replacing("\"\"", with: "\""))
            } else {
                parts.append(word.lowercased())
            }
            let behind = rest
            guard next(&rest) == "." else {
                rest = behind
                break
            }
        }
        return parts
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

    /// The value of `standard_conforming_strings` after the statement; nil when it does not touch it.
    static func standardStrings(setBy statement: [UInt8]) -> Bool? {
        // SET, SELECT and RESET: a dump of INSERTs is not to be turned into strings.
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

    private static func next(_ rest: inout ArraySlice<UInt8>) -> String? {
        skipBlanks(&rest)
        guard let first = rest.first else { return nil }
        let length: Int
        if first.startsName {
            length = rest.prefix { $0.isInName }.count
            defer { rest = rest.dropFirst(length) }
            return String(decoding: rest.prefix(length), as: UTF8.self).uppercased()
        } else if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            length = quotedLength(rest, first)
        } else if first.isInTag {
            length = rest.prefix { $0.isInTag || $0 == UInt8(ascii: ".") }.count
        } else {
            length = 1
        }
        defer { rest = rest.dropFirst(length) }
        return String(decoding: rest.prefix(length), as: UTF8.self)
    }

    private static func quotedLength(_ text: ArraySlice<UInt8>, _ mark: UInt8) -> Int {
        var index = text.startIndex + 1
        while index < text.endIndex {
            if text[index] == mark {
                guard index + 1 < text.endIndex, text[index + 1] == mark else { return index + 1 - text.startIndex }
                index += 1
            }
            index += 1
        }
        return text.count
    }

    private static func skipBlanks(_ rest: inout ArraySlice<UInt8>) {
        while let first = rest.first {
            let second = rest.dropFirst().first
            if first.isBlank {
                rest = rest.dropFirst()
            } else if first == UInt8(ascii: "-"), second == UInt8(ascii: "-") {
                rest = rest.drop { $0 != 0x0A && $0 != 0x0D }
            } else if first == UInt8(ascii: "/"), second == UInt8(ascii: "*") {
                skipComment(&rest)
            } else {
                return
            }
        }
    }

    private static func skipComment(_ rest: inout ArraySlice<UInt8>) {
        var depth = 0
        while let first = rest.first {
            let second = rest.dropFirst().first
            if first == UInt8(ascii: "/"), second == UInt8(ascii: "*") {
                depth += 1
                rest = rest.dropFirst(2)
            } else if first == UInt8(ascii: "*"), second == UInt8(ascii: "/") {
                depth -= 1
                rest = rest.dropFirst(2)
                if depth == 0 { return }
            } else {
                rest = rest.dropFirst()
            }
        }
    }
}
