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

    /// What stands between two parentheses.
    private struct Chain {
        /// Since the last comma.
        var bytes = 0
        /// A UNION holds whole lists, so a comma does not end its chain.
        var setOperations = 0
        var length: Int { bytes + setOperations }
    }

    private static func isSetOperation(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        word.isWord("union") || word.isWord("except") || word.isWord("intersect")
    }
}
