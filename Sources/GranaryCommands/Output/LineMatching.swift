/// Finds the equal lines of two texts, in order; the lines between them have changed.
///
/// Lines that occur once in both texts are anchors, as in a patience diff, so the time for hundreds of thousands of
/// lines grows in proportion. Only short pieces between anchors are compared with Myers' algorithm, whose time grows
/// with the square of the difference.
struct LineMatching {
    private let old: [Int]
    private let new: [Int]
    /// The positions of equal lines.
    private(set) var pairs: [(old: Int, new: Int)] = []

    /// Pieces up to this length are compared exactly.
    private static let short = 400
    /// Pieces without an anchor are compared up to this length. Longer ones have nothing useful in common.
    private static let longest = 2000

    /// - Parameters:
    ///   - old: A number for each line; equal lines have equal numbers.
    ///   - new: The same for the other text.
    init(_ old: [Int], _ new: [Int]) {
        self.old = old
        self.new = new
        match(old.indices, new.indices)
    }

    private mutating func match(_ a: Range<Int>, _ b: Range<Int>) {
        var (a, b) = (a, b)
        while let x = a.first, let y = b.first, old[x] == new[y] {
            pairs.append((x, y))
            (a, b) = (a.dropFirst(), b.dropFirst())
        }
        var tail: [(old: Int, new: Int)] = []
        while let x = a.last, let y = b.last, old[x] == new[y] {
            tail.append((x, y))
            (a, b) = (a.dropLast(), b.dropLast())
        }
        if !a.isEmpty, !b.isEmpty { matchInside(a, b) }
        pairs += tail.reversed()
    }

    private mutating func matchInside(_ a: Range<Int>, _ b: Range<Int>) {
        let length = a.count + b.count
        let anchors = length > Self.short ? anchors(a, b) : []
        guard !anchors.isEmpty else {
            if length <= Self.longest { compare(a, b) }
            return
        }
        var (x, y) = (a.lowerBound, b.lowerBound)
        for anchor in anchors {
            match(x..<anchor.old, y..<anchor.new)
            pairs.append(anchor)
            (x, y) = (anchor.old + 1, anchor.new + 1)
        }
        match(x..<a.upperBound, y..<b.upperBound)
    }

    /// Lines that occur once in each piece: the longest sequence of them with the same order.
    private func anchors(_ a: Range<Int>, _ b: Range<Int>) -> [(old: Int, new: Int)] {
        let (there, here) = (Self.places(old, a), Self.places(new, b))
        let once = a.compactMap { x -> (old: Int, new: Int)? in
            guard there[old[x]] == x, let y = here[old[x]], y >= 0 else { return nil }
            return (x, y)
        }
        return Self.longestRise(once)
    }

    /// The position of each line of a piece; -1 for a line that occurs more than once.
    private static func places(_ lines: [Int], _ piece: Range<Int>) -> [Int: Int] {
        var places: [Int: Int] = [:]
        for place in piece { places[lines[place]] = places[lines[place]] == nil ? place : -1 }
        return places
    }

    /// The longest sequence that ascends in both texts, found by patience sorting.
    private static func longestRise(_ pairs: [(old: Int, new: Int)]) -> [(old: Int, new: Int)] {
        /// The last pair of the best sequence of each length.
        var ends: [Int] = []
        var previous = [Int?](repeating: nil, count: pairs.count)
        for (index, pair) in pairs.enumerated() {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if pairs[ends[middle]].new < pair.new { low = middle + 1 } else { high = middle }
            }
            previous[index] = low > 0 ? ends[low - 1] : nil
            if low < ends.count { ends[low] = index } else { ends.append(index) }
        }
        var rise: [(old: Int, new: Int)] = []
        var next = ends.last
        while let index = next {
            rise.append(pairs[index])
            next = previous[index]
        }
        return rise.reversed()
    }

    private mutating func compare(_ a: Range<Int>, _ b: Range<Int>) {
        let difference = Array(new[b]).difference(from: Array(old[a]))
        let removed = Set(difference.removals.map(\.offset))
        let added = Set(difference.insertions.map(\.offset))
        let kept = zip(
            a.indices.filter { !removed.contains($0 - a.lowerBound) },
            b.filter { !added.contains($0 - b.lowerBound) }
        )
        pairs += kept.map { (old: $0, new: $1) }
    }
}

extension CollectionDifference.Change {
    fileprivate var offset: Int {
        switch self {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
