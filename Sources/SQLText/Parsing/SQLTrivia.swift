/// What stands between statements and means nothing: blanks, comments, empty statements.
struct SQLTrivia {
    /// The comments, each from its first sign to before the newline that ends it.
    private(set) var comments: [Range<Int>] = []
    /// The first byte that is none of it, or the end.
    private(set) var end: Int

    /// Passes over trivia from `start` on.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self = bytes.withUnsafeBufferPointer { Self($0, range) }
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
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
                guard let behind = SQLToken.behindBlock(bytes, position), behind <= range.upperBound else { break scan }
                comments.append(position..<behind)
                position = behind
            default: break scan
            }
        }
        end = position
    }
}
