internal import Databases

/// A keyword from an archive.
struct ArchivedWord {
    let text: String

    /// - Throws: `RestoreError.statement` for anything other than a keyword.
    init(_ text: String) throws {
        guard let word = try? Keyword(text) else {
            throw RestoreError(
                .statement,
                "the archive has \"\(text.unicodeScalars.prefix(40).map { $0.escaped(asASCII: true) }.joined())\" where a keyword should be",
                hint: "nobody's backup has that: do not restore this file"
            )
        }
        self.text = word.text
    }
}
