internal import Synchronization

/// Constraints that were left NOT VALID, gathered by workers.
final class InvalidConstraints: Sendable {
    private let state = Mutex<[String]>([])

    func add(_ name: String) { state.withLock { $0.append(name) } }

    var names: [String] { state.withLock { $0.sorted() } }
}
