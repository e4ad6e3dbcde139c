internal import Synchronization

/// Jobs that workers take one after the other, in order.
final class WorkQueue<Job: Sendable>: Sendable {
    private let jobs: [Job]
    private let position = Mutex(0)

    init(_ jobs: [Job]) { self.jobs = jobs }

    var count: Int { jobs.count }

    /// The next job and how many were taken before it.
    func next() -> (job: Job, index: Int)? {
        position.withLock { position in
            guard position < jobs.count else { return nil }
            defer { position += 1 }
            return (jobs[position], position)
        }
    }
}
