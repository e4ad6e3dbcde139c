/// What stands between statements and means nothing: blanks, comments, empty statements.
struct SQLTrivia {
    /// The comments, each from its first sign to before the newline that ends it.
    private(set) var comments: [Range<Int>] = []
    /// The first byte that is none of it, or the end.
    private(set) var end: Int

    /// Passes over trivia from `start` on.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        var position = range.lowerBound
        scan: while position < range.upperBound {
            let byte = bytes[position]
            let next = position + 1 < range.upperBound ? bytes[position + 1] : 0
            switch byte {
            case _ where byte.isBlank, UInt8(ascii: ";"): position += 1
            case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
                let start = position
                while position < range.upperBound, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
                comments.append(start..<position)
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"):
                guard let behind = Self.behindBlock(bytes, position..<range.upperBound) else { break scan }
                comments.append(position..<behind)
                position = behind
            default: break scan
            }
        }
        end = position
    }

    /// Behind a block comment, which may hold others; nil when it does not end.
    private static func behindBlock(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
        var depth = 0
        var position = range.lowerBound
        while position + 1 < range.upperBound {
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
