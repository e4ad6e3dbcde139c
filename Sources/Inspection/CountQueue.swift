import Synchronization

/// Where workers fetch the next table to count.
final class CountQueue: Sendable {
    private let leaves: [TableReport.Leaf]
    private let place = Atomic<Int>(0)

    init(_ leaves: [TableReport.Leaf]) { self.leaves = leaves }

    func next() -> TableReport.Leaf? {
        let number = place.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < leaves.count ? leaves[number] : nil
    }
}
