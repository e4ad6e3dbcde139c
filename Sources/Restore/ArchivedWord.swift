/// A keyword that comes from an archive and has to stand in a statement as it is, because no quoting makes it a keyword.
struct ArchivedWord {
    let text: String

    /// - Throws: `RestoreError.statement` for anything but a word of ASCII letters, which could be more than a word.
    init(_ text: String) throws {
        let isWord = text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
        guard isWord, !text.isEmpty else {
            throw RestoreError(
                .statement,
                "the archive has \"\(text.unicodeScalars.prefix(40).map { $0.escaped(asASCII: true) }.joined())\" where a keyword should be",
                hint: "nobody's backup has that: do not restore this file"
            )
        }
        self.text = text
    }
}
