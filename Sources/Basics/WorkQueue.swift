internal import Synchronization

/// Jobs that workers take one after the other, in order, each of them once.
package final class WorkQueue<Job: Sendable>: Sendable {
    private let jobs: [Job]
    private let position = Mutex(0)

    package init(_ jobs: [Job]) { self.jobs = jobs }

    package var count: Int { jobs.count }

    /// nil when all are taken.
    package func next() -> Job? {
        position.withLock { position in
            guard position < jobs.count else { return nil }
            defer { position += 1 }
            return jobs[position]
        }
    }
}
