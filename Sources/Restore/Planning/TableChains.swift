/// Work that locks its table until it ends: that on one table is a chain, which one worker does, because other workers
/// would wait for the lock.
struct TableChains<Job> {
    private var chains: [String: (jobs: [Job], cost: Double)] = [:]

    /// - Parameter cost: An estimate of the time.
    mutating func add(_ job: Job, table: String, cost: Double) {
        chains[table, default: ([], 0)].jobs.append(job)
        chains[table, default: ([], 0)].cost += cost
    }

    /// The chains, each with its jobs in the order in which they were added.
    var longestFirst: [[Job]] {
        chains.sorted { ($1.value.cost, $0.key) < ($0.value.cost, $1.key) }.map(\.value.jobs)
    }
}
