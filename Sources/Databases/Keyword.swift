/// A word that must be in a statement unquoted, because a quoted word is not a keyword.
package struct Keyword {
    package let text: String

    /// - Throws: `DatabaseError.keyword` for anything other than one word of ASCII letters.
    package init(_ text: String) throws(DatabaseError) {
        let isWord = text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
        guard isWord, !text.isEmpty else { throw DatabaseError(.keyword, "\(text.debugDescription) is not a keyword") }
        self.text = text
    }
}
