/// An upper estimate of the depth of a text's parse tree, from its bytes. A text that would overflow the stack is
/// recognized before it is parsed.
enum NestingEstimate {
    /// A text of this size cannot be nested too deeply for any stack: a level takes at least two bytes.
    static let harmlessBytes = 16 << 10
    /// PostgreSQL gives up at less than a tenth of this (`max_stack_depth`).
    static let limit = 200_000

    /// Counts every operator, parenthesis and keyword as a level. A comma ends the chain, because the elements of a
    /// list are not nested in each other. A quotation or a comment counts as one byte.
    static func levels(of text: ArraySlice<UInt8>) -> Int {
        text.withUnsafeBufferPointer { bytes in
            var chains = [Chain()]
            var (total, deepest) = (0, 0)
            for token in SQLTokens(bytes) where token.kind != .blanks {
                let last = chains.count - 1
                let word = UnsafeBufferPointer(rebasing: bytes[token.range])
                switch word[0] {
                case UInt8(ascii: "("), UInt8(ascii: "["): chains.append(Chain())
                case UInt8(ascii: ")"), UInt8(ascii: "]"):
                    if last > 0 { total -= chains.removeLast().length }
                case UInt8(ascii: ","):
                    total -= chains[last].bytes
                    chains[last].bytes = 0
                case UInt8(ascii: ";"):
                    (chains, total) = ([Chain()], 0)
                default:
                    if token.kind == .word, isSetOperation(word) {
                        chains[last].setOperations += 2
                        total += 2
                    }
                }
                let weight = token.kind == .word || token.kind == .number ? word.count : 1
                chains[chains.count - 1].bytes += weight
                total += weight
                deepest = max(deepest, total)
            }
            return deepest / 2 + 1
        }
    }

    /// The text between two parentheses.
    private struct Chain {
        /// Since the last comma.
        var bytes = 0
        /// A UNION contains whole lists, so a comma does not end its chain.
        var setOperations = 0
        var length: Int { bytes + setOperations }
    }

    private static func isSetOperation(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        word.isWord("union") || word.isWord("except") || word.isWord("intersect")
    }
}
