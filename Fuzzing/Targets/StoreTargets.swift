internal import Storage

enum StoreTargets {
    /// A document that is read, and written again in its simplest form, is read as the same one.
    static func xml(_ input: [UInt8]) throws {
        guard let document = XMLElement(input) else { return }
        let again = XMLElement(Array(text(document).utf8))
        try require(again == document, "the document is read differently the second time")
    }

    private static func text(_ element: XMLElement) -> String {
        let text = element.text.unicodeScalars.map { scalar in
            scalar == "<" || scalar == "&" ? "&#\(scalar.value);" : String(scalar)
        }.joined()
        return "<\(element.name)>\(text)\(element.children.map(self.text).joined())</\(element.name)>"
    }
}
