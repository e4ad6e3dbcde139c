/// Passing over what is not code: quotations and comments, by PostgreSQL's lexical rules.
enum SQLToken {
    /// Behind the quotation or comment that begins at `position`, or behind its byte. One that does not end goes to the
    /// end.
    static func end(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
        let byte = bytes[position]
        let next = position + 1 < bytes.count ? bytes[position + 1] : 0
        switch byte {
        case UInt8(ascii: "'"):
            let isEscaped = position > 0 && bytes[position - 1] | 0x20 == UInt8(ascii: "e")
            // The e must be a word of its own: in a'b' it would be the end of a name.
            let escapes = isEscaped && (position < 2 || !bytes[position - 2].isInName)
            return behindQuote(bytes, position, escapes: escapes)
        case UInt8(ascii: "\""): return behindQuote(bytes, position, escapes: false)
        case UInt8(ascii: "$"): return behindDollars(bytes, position)
        case UInt8(ascii: "-") where next == byte:
            return bytes[position...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
        case UInt8(ascii: "/") where next == UInt8(ascii: "*"): return behindBlock(bytes, position) ?? bytes.count
        default: return position + 1
        }
    }

    private static func behindQuote(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int, escapes: Bool) -> Int {
        var end = position + 1
        while end < bytes.count, bytes[end] != bytes[position] {
            end += escapes && bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(end + 1, bytes.count)
    }

    /// `$$ … $$` or `$tag$ … $tag$`, or a dollar that is only a character.
    private static func behindDollars(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
        var end = position + 1
        while end < bytes.count, end == position + 1 ? bytes[end].startsName : bytes[end].isInTag { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$"), position == 0 || !bytes[position - 1].isInName
        else { return position + 1 }
        let mark = bytes[position...end]
        var next = end + 1
        while let found = bytes[next...].firstIndex(of: UInt8(ascii: "$")) {
            if bytes[found...].starts(with: mark) { return found + mark.count }
            next = found + 1
        }
        return bytes.count
    }

    /// Behind a block comment, which may hold others; nil when it does not end.
    static func behindBlock(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int? {
        var depth = 0
        var position = position
        while position + 1 < bytes.count {
            switch (bytes[position], bytes[position + 1]) {
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                depth += 1
                position += 2
            case (UInt8(ascii: "*"), UInt8(ascii: "/")):
                depth -= 1
                position += 2
                if depth == 0 { return position }
            default: position += 1
            }
        }
        return nil
    }
}
