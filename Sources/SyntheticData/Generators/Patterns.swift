/// Texts that match a pattern, for the part of regular expressions that is common in CHECKs.
///
/// Characters, classes, `.`, `\d \w \s`, groups, `|`, `* + ? {n} {n,m}`, anchors. Patterns with look-around or back
/// references have no generator.
package final class PatternGenerator: CellGenerator {
    private indirect enum Piece: Sendable {
        case characters([Unicode.Scalar])
        case sequence([Piece])
        case choice([Piece])
        case repeated(Piece, Int, Int)
    }

    private let piece: Piece
    private let key: UInt64
    private let count: Int?
    private let permutation: Permutation?
    private let source: String

    /// - Returns: nil for a pattern that is not supported.
    package init?(_ pattern: String, isUnique: Bool = false, key: UInt64) {
        var parser = Parser(Array(pattern.unicodeScalars))
        guard let piece = parser.parse() else { return nil }
        self.piece = piece
        self.key = key
        source = pattern
        count = Self.count(piece)
        permutation = isUnique ? Permutation(count: count ?? .max, key: key) : nil
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if let permutation { return write(index: permutation(min(row.number, permutation.count - 1)), row, &out) }
        var draw = CellHash.draw(key, row.identity)
        var text = String.UnicodeScalarView()
        Self.draw(piece, &draw, &text)
        out.append(value: String(text))
    }

    private static func draw(_ piece: Piece, _ draw: inout UInt64, _ text: inout String.UnicodeScalarView) {
        switch piece {
        case .characters(let scalars):
            draw = CellHash.next(draw)
            text.append(scalars[CellHash.below(scalars.count, draw)])
        case .sequence(let pieces): for piece in pieces { Self.draw(piece, &draw, &text) }
        case .choice(let pieces):
            draw = CellHash.next(draw)
            Self.draw(pieces[CellHash.below(pieces.count, draw)], &draw, &text)
        case .repeated(let piece, let low, let high):
            draw = CellHash.next(draw)
            for _ in 0..<(low + CellHash.below(high - low + 1, draw)) { Self.draw(piece, &draw, &text) }
        }
    }

    package var domain: Int? { count }
    package var isUnique: Bool { permutation != nil }

    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        var text = String.UnicodeScalarView()
        Self.write(piece, index, &text)
        out.append(value: String(text))
    }

    package var summary: String { "pattern \(source)" }

    package var declaration: String? {
        Declaration.mapping("pattern: \(Declaration.quoted(source))", isUnique: permutation != nil)
    }

    /// Converts a LIKE pattern into a pattern of this generator.
    package static func pattern(like: String) -> String {
        like.map { character in
            switch character {
            case "%": "[a-z]{0,6}"
            case "_": "[a-z]"
            default: character.isLetter || character.isNumber || character == "@" ? String(character) : "\\\(character)"
            }
        }.joined()
    }

    /// The number of matching texts; nil if it is too large.
    private static func count(_ piece: Piece) -> Int? {
        switch piece {
        case .characters(let scalars): return scalars.count
        case .sequence(let pieces):
            return pieces.reduce(1) { product, piece in
                product.flatMap { product in count(piece).flatMap { times(product, $0) } }
            }
        case .choice(let pieces):
            return pieces.reduce(0) { sum, piece in sum.flatMap { sum in count(piece).flatMap { plus(sum, $0) } } }
        case .repeated(let piece, let low, let high):
            guard let one = count(piece) else { return nil }
            var (sum, power): (Int?, Int?) = (0, 1)
            for times in 0...high {
                if times >= low { sum = sum.flatMap { sum in power.flatMap { plus(sum, $0) } } }
                power = power.flatMap { self.times($0, one) }
            }
            return sum
        }
    }

    private static func times(_ a: Int, _ b: Int) -> Int? {
        let (value, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? nil : value
    }

    private static func plus(_ a: Int, _ b: Int) -> Int? {
        let (value, overflow) = a.addingReportingOverflow(b)
        return overflow ? nil : value
    }

    /// The text for an index. Its digits in a mixed base select the parts.
    private static func write(_ piece: Piece, _ index: Int, _ text: inout String.UnicodeScalarView) {
        switch piece {
        case .characters(let scalars): text.append(scalars[index % scalars.count])
        case .sequence(let pieces):
            var rest = index
            for piece in pieces {
                let size = count(piece) ?? .max
                write(piece, rest % size, &text)
                rest /= size
            }
        case .choice(let pieces):
            var rest = index
            for piece in pieces {
                let size = count(piece) ?? .max
                if rest < size { return write(piece, rest, &text) }
                rest -= size
            }
        case .repeated(let piece, let low, let high):
            let one = count(piece) ?? .max
            var rest = index
            for times in low...max(low, high) {
                let size = (0..<times).reduce(1 as Int?) { power, _ in power.flatMap { self.times($0, one) } } ?? .max
                if rest < size {
                    for _ in 0..<times {
                        write(piece, rest % one, &text)
                        rest /= one
                    }
                    return
                }
                rest -= size
            }
        }
    }

    private struct Parser {
        let scalars: [Unicode.Scalar]
        var position = 0

        init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

        var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

        mutating func parse() -> Piece? {
            guard let piece = alternatives(), position == scalars.count else { return nil }
            return piece
        }

        mutating func alternatives() -> Piece? {
            guard let first = sequence() else { return nil }
            var pieces = [first]
            while next == "|" {
                position += 1
                guard let more = sequence() else { return nil }
                pieces.append(more)
            }
            return pieces.count == 1 ? pieces[0] : .choice(pieces)
        }

        mutating func sequence() -> Piece? {
            var pieces: [Piece] = []
            while let scalar = next, scalar != "|", scalar != ")" {
                // Anchors always match, because the whole text is generated from the pattern.
                if scalar == "^" || scalar == "$" {
                    position += 1
                    continue
                }
                guard let piece = atom(), let repeated = repetition(of: piece) else { return nil }
                pieces.append(repeated)
            }
            return .sequence(pieces)
        }

        mutating func atom() -> Piece? {
            guard let scalar = next else { return nil }
            position += 1
            switch scalar {
            case "(":
                if next == "?" {
                    guard position + 1 < scalars.count, scalars[position + 1] == ":" else { return nil }
                    position += 2
                }
                guard let inner = alternatives(), next == ")" else { return nil }
                position += 1
                return inner
            case "[": return set()
            case ".": return .characters(Self.word)
            case "\\": return escape().map { .characters($0) }
            case "*", "+", "?", "{": return nil
            default: return .characters([scalar])
            }
        }

        static let digits = Array("0123456789".unicodeScalars)
        static let letters = Array("abcdefghijklmnopqrstuvwxyz".unicodeScalars)
        static let word = letters + digits

        mutating func escape() -> [Unicode.Scalar]? {
            guard let scalar = next else { return nil }
            position += 1
            switch scalar {
            case "d": return Self.digits
            case "w": return Self.word
            case "s": return [" "]
            case "n": return ["\n"]
            case "t": return ["\t"]
            case "m", "M", "y", "A", "Z", "b", "B", "D", "W", "S", "1"..."9": return nil
            default: return [scalar]
            }
        }

        mutating func set() -> Piece? {
            let isNegated = next == "^"
            if isNegated { position += 1 }
            var members: [Unicode.Scalar] = []
            var isFirst = true
            while let scalar = next, scalar != "]" || isFirst {
                isFirst = false
                position += 1
                if scalar == "[", next == ":" {
                    guard let named = named() else { return nil }
                    members += named
                    continue
                }
                var low = [scalar]
                if scalar == "\\" {
                    guard let escaped = escape() else { return nil }
                    low = escaped
                }
                if low.count == 1, next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                    position += 1
                    var high = scalars[position]
                    position += 1
                    if high == "\\" {
                        guard let escaped = escape(), escaped.count == 1 else { return nil }
                        high = escaped[0]
                    }
                    guard low[0].value <= high.value, high.value - low[0].value < 70_000 else { return nil }
                    members += (low[0].value...high.value).compactMap { Unicode.Scalar($0) }
                } else {
                    members += low
                }
            }
            guard next == "]" else { return nil }
            position += 1
            if isNegated { members = Self.word.filter { !members.contains($0) } }
            return members.isEmpty ? nil : .characters(members)
        }

        /// `[:alpha:]` inside a set.
        private mutating func named() -> [Unicode.Scalar]? {
            let rest = String(String.UnicodeScalarView(scalars[position...]))
            let upper = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ".unicodeScalars)
            let classes: [(String, [Unicode.Scalar])] = [
                (":alpha:]", Self.letters), (":digit:]", Self.digits), (":alnum:]", Self.word),
                (":lower:]", Self.letters),
                (":upper:]", upper), (":space:]", [" "]), (":xdigit:]", Array("0123456789abcdef".unicodeScalars)),
            ]
            guard let found = classes.first(where: { rest.hasPrefix($0.0) }) else { return nil }
            position += found.0.unicodeScalars.count
            return found.1
        }

        mutating func repetition(of piece: Piece) -> Piece? {
            guard let scalar = next else { return piece }
            let range: (Int, Int)
            switch scalar {
            case "*": range = (0, 8)
            case "+": range = (1, 8)
            case "?": range = (0, 1)
            case "{":
                let end = scalars[position...].firstIndex(of: "}") ?? scalars.count
                let text = String(String.UnicodeScalarView(scalars[(position + 1)..<min(end, scalars.count)]))
                let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
                guard end < scalars.count, let low = parts.first ?? nil, low <= 10_000 else { return nil }
                let high = parts.count == 1 ? low : (parts[1] ?? low + 8)
                guard high >= low, high <= 10_000 else { return nil }
                // The length of unlimited texts is moderate.
                range = (low, min(high, max(low, 12)))
                position = end
            default: return piece
            }
            position += 1
            if next == "?" { position += 1 }
            return .repeated(piece, range.0, range.1)
        }
    }
}
