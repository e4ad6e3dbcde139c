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

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
        var reader = WordReader(bytes)
        var before: [String] = []
        while let word = reader.next() {
            switch word {
            case "table": read(&reader, before)
            case "schema" where before.last == "drop" || before.last == "alter": changesSchemas = true
            default: break
            }
            before.append(word)
            if word == ";" { before = [] }
            if before.count > 4 { before.removeFirst() }
        }
        hasBodies = reader.hasPassedBody
    }

    /// - Parameter before: The words before TABLE.
    private mutating func read(_ reader: inout WordReader, _ before: [String]) {
        let kinds: Set = ["unlogged", "foreign"]
        let creates = before.last { !kinds.contains($0) } == "create"
        guard creates || before.last == "drop" || before.last == "alter" else { return }
        repeat {
            guard let name = reader.name() else { return }
            guard creates else {
                changed.insert(name.name)
                continue
            }
            if !reader.isNext("partition") { created.append(name) }
            return
        } while reader.isNext(",") && reader.next() != nil
    }
}

/// Goes through a script from word to word, over quotations and comments.
private struct WordReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private(set) var hasPassedBody = false

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The next word in lower case, or the next sign of its own; nil at the end.
    mutating func next() -> String? {
        while position < bytes.count {
            let byte = bytes[position]
            if byte.startsName { return word() }
            let end = SQLToken.end(bytes, position)
            if byte == UInt8(ascii: "$"), end > position + 1 { hasPassedBody = true }
            let isSign = !byte.isBlank && end == position + 1
            position = end
            if isSign { return String(Unicode.Scalar(byte)) }
        }
        return nil
    }

    private mutating func word() -> String {
        let start = position
        while position < bytes.count, bytes[position].isInName { position += 1 }
        // The server folds ASCII alone in UTF-8 databases.
        return String(
            decoding: bytes[start..<position].map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 },
            as: UTF8.self
        )
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
            } else if bytes[position].startsName {
                let word = word()
                if parts.isEmpty, ["if", "not", "exists", "only"].contains(word) { continue }
                parts.append(word)
            } else {
                return nil
            }
            guard isNext(".") else { break }
            position += 1
        }
        guard let name = parts.last else { return nil }
        return RelationName(schema: parts.dropLast().last, name: name)
    }

    private func quoted(_ range: Range<Int>) -> String {
        String(decoding: bytes[range].dropFirst().dropLast(), as: UTF8.self).replacing("\"\"", with: "\"")
    }

    /// Whether this word or sign comes next; only looked at.
    mutating func isNext(_ word: String) -> Bool {
        skipBlanks()
        var copy = self
        return copy.next() == word
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
