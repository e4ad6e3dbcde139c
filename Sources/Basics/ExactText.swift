/// Text that is compared byte by byte, as the server compares names. Swift's `String` would consider a letter with an
/// accent and the same letter with a combining accent equal.
package struct ExactText: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (a: ExactText, b: ExactText) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8.max)
    }
}

extension Set where Element == ExactText {
    package init(exactly texts: some Sequence<String>) { self = Set(texts.map(ExactText.init)) }

    package func contains(_ text: String) -> Bool { contains(ExactText(text)) }
}
