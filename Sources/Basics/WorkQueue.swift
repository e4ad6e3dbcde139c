internal import Synchronization

/// Jobs that workers take in order, each job once.
package final class WorkQueue<Job: Sendable>: Sendable {
    private let jobs: [Job]
    private let position = Mutex(0)

    package init(_ jobs: [Job]) { self.jobs = jobs }

    package var count: Int { jobs.count }

    /// nil when no job is left.
    package func next() -> Job? {
        position.withLock { position in
            guard position < jobs.count else { return nil }
            defer { position += 1 }
            return jobs[position]
        }
    }
}
