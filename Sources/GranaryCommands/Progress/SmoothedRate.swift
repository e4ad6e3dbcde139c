internal import Glibc

/// A smoothed rate in which the last seconds count most, so that a single chunk does not make it jump.
struct SmoothedRate: Sendable {
    /// After this many seconds an old rate has lost two thirds of its weight.
    private static let memorySeconds = 5.0
    /// Shorter intervals measure the size of a chunk rather than the speed.
    private static let sampleSeconds = 0.5

    private let beganSeconds: Double
    private var sampledSeconds: Double
    private var sampledTotal = 0
    private var weighted = 0.0

    init(startSeconds: Double) {
        beganSeconds = startSeconds
        sampledSeconds = startSeconds
    }

    /// Records the current total.
    mutating func note(total: Int, atSeconds now: Double) {
        let span = now - sampledSeconds
        guard span >= Self.sampleSeconds else { return }
        let rate = Double(total - sampledTotal) / span
        weighted += (1 - exp(-span / Self.memorySeconds)) * (rate - weighted)
        sampledTotal = total
        sampledSeconds = now
    }

    /// Per second; nil before the first progress.
    ///
    /// The average started at zero, which has a weight like a real sample: dividing removes that part.
    var perSecond: Double? {
        let weight = 1 - exp(-(sampledSeconds - beganSeconds) / Self.memorySeconds)
        return weight > 0 && weighted > 0 ? weighted / weight : nil
    }
}
