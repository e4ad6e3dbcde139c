internal import Glibc

/// How fast something grows, with the last seconds counting most, so that a chunk more or less does not make it jump.
struct SmoothedRate: Sendable {
    /// After this many seconds an old rate has lost two thirds of its weight.
    private static let memorySeconds = 5.0
    /// Shorter spans measure the size of a chunk rather than the speed.
    private static let sampleSeconds = 0.5

    private var startSeconds: Double
    private var sampleAtSeconds: Double
    private var sampleTotal = 0
    private var smoothed: Double?

    init(startSeconds: Double) {
        self.startSeconds = startSeconds
        sampleAtSeconds = startSeconds
    }

    /// Takes note of the total so far.
    mutating func note(total: Int, atSeconds now: Double) {
        let span = now - sampleAtSeconds
        guard span >= Self.sampleSeconds else { return }
        let current = Double(total - sampleTotal) / span
        if let before = smoothed {
            smoothed = before + (1 - exp(-span / Self.memorySeconds)) * (current - before)
        } else {
            smoothed = current
        }
        sampleTotal = total
        sampleAtSeconds = now
    }

    /// Per second; nil until there is something to tell.
    var perSecond: Double? { smoothed.flatMap { $0 > 0 ? $0 : nil } }
}
