/// A word that has to stand in a statement as it is, because no quoting makes it a keyword.
package struct Keyword {
    package let text: String

    /// - Throws: `DatabaseError.keyword` for anything but a word of ASCII letters, which could be more than a word.
    package init(_ text: String) throws(DatabaseError) {
        let isWord = text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
        guard isWord, !text.isEmpty else { throw DatabaseError(.keyword, "\(text.debugDescription) is not a keyword") }
        self.text = text
    }
}
