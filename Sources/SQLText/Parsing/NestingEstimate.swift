/// How deep the tree of a text can be, judged from its bytes: never less than it is, so that a text which would end the
/// stack is known before it is parsed.
enum NestingEstimate {
    /// No text of this size is nested deeper than any stack bears: a level takes two bytes at least.
    static let harmlessBytes = 16 << 10
    /// PostgreSQL gives up at less than a tenth of it (`max_stack_depth`).
    static let limit = 200_000

    /// Every operator, parenthesis and keyword may be a level; a comma ends the chain that it stands in, for the
    /// elements of a list lie side by side. What is quoted or a comment counts as one byte.
    static func levels(of text: ArraySlice<UInt8>) -> Int {
        text.withUnsafeBufferPointer { bytes in
            var chains = [Chain()]
            var (total, deepest) = (0, 0)
            var position = 0
            while position < bytes.count {
                let byte = bytes[position]
                let last = chains.count - 1
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["): chains.append(Chain())
                case UInt8(ascii: ")"), UInt8(ascii: "]"):
                    if last > 0 { total -= chains.removeLast().length }
                case UInt8(ascii: ","):
                    total -= chains[last].bytes
                    chains[last].bytes = 0
                case UInt8(ascii: ";"):
                    (chains, total) = ([Chain()], 0)
                default:
                    if isSetOperation(bytes, position) {
                        chains[last].setOperations += 2
                        total += 2
                    }
                }
                if !byte.isBlank {
                    chains[chains.count - 1].bytes += 1
                    total += 1
                    deepest = max(deepest, total)
                }
                position = SQLToken.end(bytes, position)
            }
            return deepest / 2 + 1
        }
    }

    /// What stands between two parentheses.
    private struct Chain {
        /// Since the last comma.
        var bytes = 0
        /// A UNION holds whole lists, so a comma does not end its chain.
        var setOperations = 0
        var length: Int { bytes + setOperations }
    }

    private static func isSetOperation(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
        switch bytes[position] | 0x20 {
        case UInt8(ascii: "u"): isWord("union", bytes, position)
        case UInt8(ascii: "e"): isWord("except", bytes, position)
        case UInt8(ascii: "i"): isWord("intersect", bytes, position)
        default: false
        }
    }

    private static func isWord(_ word: StaticString, _ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        return UnsafeBufferPointer(rebasing: bytes[position..<end]).isWord(word)
    }
}
