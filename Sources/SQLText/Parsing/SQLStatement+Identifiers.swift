extension SQLStatement {
    /// A name in the text.
    package struct Identifier: Sendable {
        package let text: String
        /// In bytes of the script.
        package let offset: Int
    }

    /// Names that the server cuts, because they have more than 63 bytes (`NAMEDATALEN`). The tree has them cut already.
    package var longIdentifiers: [Identifier] {
        source.bytes.withUnsafeBufferPointer { bytes in
            guard range.count > 63 else { return [] }
            var found: [Identifier] = []
            var position = range.lowerBound
            while position < range.upperBound {
                let start = position
                let name: Range<Int>
                if bytes[position].startsName {
                    while position < range.upperBound, bytes[position].isInName { position += 1 }
                    name = start..<position
                    // The e of e'…' belongs to the quotation, whose rules it changes; it is passed over with it.
                } else {
                    let isQuoted = bytes[position] == UInt8(ascii: "\"")
                    position = min(SQLToken.end(bytes, position), range.upperBound)
                    guard isQuoted, position > start + 2 else { continue }
                    name = (start + 1)..<(position - 1)
                }
                guard name.count > 63 else { continue }
                let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[name]), as: UTF8.self)
                guard text.replacing("\"\"", with: "\"").utf8.count > 63 else { continue }
                found.append(Identifier(text: text, offset: start))
            }
            return found
        }
    }
}
