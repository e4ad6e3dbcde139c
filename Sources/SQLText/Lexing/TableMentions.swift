/// The tables that a script may create, drop or change, found only by its words.
///
/// It needs a hundredth of the parser's time. It suits a question about a thousand scripts that concerns few of them.
/// Only the parser can determine whether a mentioned table is really created.
package struct TableMentions: Sendable {
    /// `CREATE TABLE`, without temporary ones and partitions.
    package private(set) var created: [RelationName] = []
    /// Names, without their schemas, in `DROP TABLE` and `ALTER TABLE`.
    package private(set) var changed: Set<String> = []
    /// `DROP SCHEMA` and `ALTER SCHEMA`.
    package private(set) var changesSchemas = false
    /// It contains a quoted body, in which anything may happen.
    package private(set) var hasBodies = false

    package init(_ text: String) {
        var text = text
        text.withUTF8 { read($0) }
    }

    /// The last word that determines what happens to the following names.
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
        } while reader.tokens.takes(UInt8(ascii: ","))
    }
}

/// Reads a script word by word, skipping quotations and comments.
private struct WordReader {
    var tokens: SQLTokens
    private(set) var hasPassedBody = false

    init(_ bytes: UnsafeBufferPointer<UInt8>) { tokens = SQLTokens(bytes) }

    /// The next word, or the next sign, as it is written; nil at the end.
    mutating func next() -> UnsafeBufferPointer<UInt8>? {
        while let token = tokens.nextSignificant() {
            switch token.kind {
            case .word, .number, .sign: return tokens[token]
            case .dollarString: hasPassedBody = true
            default: break
            }
        }
        return nil
    }

    /// A name with its schema, after `IF EXISTS`, `IF NOT EXISTS` and `ONLY`.
    mutating func name() -> RelationName? {
        var parts: [String] = []
        repeat {
            guard let part = part(isFirst: parts.isEmpty) else { return nil }
            parts.append(part)
        } while tokens.takes(UInt8(ascii: "."))
        return RelationName(names: parts)
    }

    /// Does not move if the next word is not a name.
    private mutating func part(isFirst: Bool) -> String? {
        let isBefore = ["if", "not", "exists", "only"] as [StaticString]
        var ahead = tokens
        while let token = ahead.nextSignificant(), let name = ahead.name(token) {
            tokens = ahead
            let isPassed = isFirst && token.kind == .word && isBefore.contains(where: ahead[token].isWord)
            if !isPassed { return name }
        }
        return nil
    }

    /// Whether this word comes next. Does not move.
    func isNext(_ word: StaticString) -> Bool {
        var copy = self
        return copy.next()?.isWord(word) == true
    }
}
