/// Which tables a script may create, drop or change, found by its words alone.
///
/// It takes a hundredth of the parser's time, for whoever has a thousand scripts and a question that concerns few of them. It is
/// no answer: whether a table that is mentioned here is made for good, the parser says.
package struct TableMentions: Sendable {
    /// `CREATE TABLE`, without temporary ones and partitions.
    package private(set) var created: [RelationName] = []
    /// Names, without their schemas, in `DROP TABLE` and `ALTER TABLE`.
    package private(set) var changed: Set<String> = []
    /// `DROP SCHEMA` and `ALTER SCHEMA`.
    package private(set) var changesSchemas = false
    /// A quoted body is in it, in which anything may happen.
    package private(set) var hasBodies = false

    package init(_ text: String) {
        var text = text
        text.withUTF8 { read($0) }
    }

    /// The last word that says what happens to what follows.
    private enum Verb { case create, drop, alter, none }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
        var reader = WordReader(bytes)
        var verb = Verb.none
        while let word = reader.next() {
            if word.isWord("table") {
                readNames(&reader, verb)
                verb = .none
            } else if word.isWord("create") {
                verb = .create
            } else if word.isWord("drop") {
                verb = .drop
            } else if word.isWord("alter") {
                verb = .alter
            } else {
                if word.isWord("schema"), verb == .drop || verb == .alter { changesSchemas = true }
                if !word.isWord("unlogged"), !word.isWord("foreign") { verb = .none }
            }
        }
        hasBodies = reader.hasPassedBody
    }

    private mutating func readNames(_ reader: inout WordReader, _ verb: Verb) {
        guard verb != .none else { return }
        repeat {
            guard let name = reader.name() else { return }
            guard verb == .create else {
                changed.insert(name.name)
                continue
            }
            if !reader.isNext("partition") { created.append(name) }
            return
        } while reader.takes(UInt8(ascii: ","))
    }
}

/// Goes through a script from word to word, over quotations and comments.
private struct WordReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private(set) var hasPassedBody = false

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The next word, or the next sign, as it is written; nil at the end.
    mutating func next() -> UnsafeBufferPointer<UInt8>? {
        while position < bytes.count {
            let start = position
            if bytes[position].startsName {
                while position < bytes.count, bytes[position].isInName { position += 1 }
                return UnsafeBufferPointer(rebasing: bytes[start..<position])
            }
            let byte = bytes[position]
            if byte.isBlank {
                position += 1
                continue
            }
            position = SQLToken.end(bytes, position)
            if position == start + 1 { return UnsafeBufferPointer(rebasing: bytes[start..<position]) }
            if byte == UInt8(ascii: "$") { hasPassedBody = true }
        }
        return nil
    }

    /// A name with its schema, behind `IF EXISTS`, `IF NOT EXISTS` and `ONLY`.
    mutating func name() -> RelationName? {
        var parts: [String] = []
        while true {
            skipBlanks()
            guard position < bytes.count else { return nil }
            if bytes[position] == UInt8(ascii: "\"") {
                let end = SQLToken.end(bytes, position)
                parts.append(quoted(position..<end))
                position = end
            } else if bytes[position].startsName, let word = next() {
                let isBefore = ["if", "not", "exists", "only"] as [StaticString]
                if parts.isEmpty, isBefore.contains(where: word.isWord) { continue }
                // The server folds ASCII alone in UTF-8 databases.
                let folded = word.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
                parts.append(String(decoding: folded, as: UTF8.self))
            } else {
                return nil
            }
            guard takes(UInt8(ascii: ".")) else { break }
        }
        guard let name = parts.last else { return nil }
        return RelationName(schema: parts.dropLast().last, name: name)
    }

    private func quoted(_ range: Range<Int>) -> String {
        String(decoding: bytes[range].dropFirst().dropLast(), as: UTF8.self).replacing("\"\"", with: "\"")
    }

    /// Whether this word comes next; only looked at.
    mutating func isNext(_ word: StaticString) -> Bool {
        skipBlanks()
        var copy = self
        return copy.next()?.isWord(word) == true
    }

    /// Goes on behind a sign, if that comes next.
    mutating func takes(_ sign: UInt8) -> Bool {
        skipBlanks()
        guard position < bytes.count, bytes[position] == sign else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            let byte = bytes[position]
            let next = position + 1 < bytes.count ? bytes[position + 1] : 0
            let isComment =
                byte == UInt8(ascii: "-") && next == byte || byte == UInt8(ascii: "/") && next == UInt8(ascii: "*")
            guard byte.isBlank || isComment else { return }
            position = SQLToken.end(bytes, position)
        }
    }
}
