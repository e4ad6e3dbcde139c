extension SQLStatement {
    /// A name in the text.
    package struct Identifier: Sendable {
        package let text: String
        /// In bytes of the script.
        package let offset: Int
    }

    /// Names that the server truncates, because they are longer than 63 bytes (`NAMEDATALEN`). The tree already has
    /// them truncated.
    package var longIdentifiers: [Identifier] {
        guard range.count > 63 else { return [] }
        return source.bytes.withUnsafeBufferPointer { bytes in
            let tokens = SQLTokens(bytes, in: range)
            return tokens.filter { $0.range.count > 63 }.compactMap { token in
                guard let name = tokens.name(token), name.utf8.count > 63 else { return nil }
                let marks = token.kind == .quotedName ? 1 : 0
                let text = source.text((token.range.lowerBound + marks)..<(token.range.upperBound - marks))
                return Identifier(text: text, offset: token.range.lowerBound)
            }
        }
    }
}
