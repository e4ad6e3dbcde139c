internal import Logging
internal import PostgresClient
internal import Synchronization

/// A part of a restore. Steps run one after the other; the runner decides in how many sessions.
struct RestoreStep: Sendable {
    enum Work: Sendable {
        /// One session does everything.
        case once(@Sendable (inout Session) throws -> Void)
        /// Independent jobs, listed when the step begins.
        case each(@Sendable () -> [Job])
        /// Independent chains, listed when the step begins. The jobs of a chain are done in order, by one worker.
        case chains(@Sendable () -> [[Job]])
        /// Sessions with a state of their own, which take the numbers of jobs from 0 up to `count`.
        case shared(count: Int, @Sendable (inout Session, _ next: () -> Int?) throws -> Void)
    }

    struct Job: Sendable {
        /// The name for people.
        var title: String
        var body: @Sendable (inout Session) throws -> Void
    }

    /// The progress events at its beginning.
    var events: [RestoreProgress] = []
    /// Whether it runs user code, which sees the database's own settings; otherwise it runs statements of pg_dump.
    var runsUserCode = false
    var work: Work
}

/// Runs steps in a new database: each job in a transaction of its own, and independent jobs by several workers.
struct StepsBeside: Sendable {
    let database: ServerAddress
    let workers: Int
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void
    /// Prepares each session for a step.
    let prepare: @Sendable (borrowing Session, RestoreStep) throws -> Void

    func run(_ steps: [RestoreStep]) async throws { for step in steps { try await run(step) } }

    private func run(_ step: RestoreStep) async throws {
        switch step.work {
        case .once(let body):
            step.events.forEach(progress)
            try await withSession(database, logger: logger) { session in
                try prepare(session, step)
                try body(&session)
            }
        case .each(let list): try await run(list().map { [$0] }, step)
        case .chains(let list): try await run(list(), step)
        case .shared(let count, let body):
            step.events.forEach(progress)
            try await share(count, step, body)
        }
    }

    private func run(_ chains: [[RestoreStep.Job]], _ step: RestoreStep) async throws {
        guard !chains.isEmpty else { return }
        step.events.forEach(progress)
        let count = chains.reduce(0) { $0 + $1.count }
        let started = Mutex(0)
        try await share(chains.count, step) { session, next in
            while let chain = next() {
                for job in chains[chain] {
                    let number = started.withLock { started in
                        started += 1
                        return started
                    }
                    progress(.made(object: job.title, number: number, of: count))
                    try Self.retryingDeadlocks { try job.body(&session) }
                }
            }
        }
    }

    private func share(
        _ count: Int,
        _ step: RestoreStep,
        _ body: @escaping @Sendable (inout Session, _ next: () -> Int?) throws -> Void
    ) async throws {
        guard count > 0 else { return }
        let queue = WorkQueue(Array(0..<count))
        let sessions = min(workers, count)
        // An index build may use parallel workers of the server. Together they stay within the requested number.
        let helpers = max(0, workers / sessions - 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<sessions {
                group.addTask {
                    try await withSession(database, logger: logger) { session in
                        try prepare(session, step)
                        try session.set([
                            ("max_parallel_maintenance_workers", String(helpers)), ("maintenance_work_mem", "256MB"),
                        ])
                        // A job may lock tables of other chains, such as partitions: then it waits until theirs end.
                        if case .chains = step.work { try session.set([("lock_timeout", "0")]) }
                        try body(&session) { queue.next() }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func retryingDeadlocks(_ body: () throws -> Void) throws {
        for _ in 0..<5 {
            do {
                return try body()
            } catch  where PostgresError.isState("40P01", error) {
                continue
            }
        }
        try body()
    }
}

/// Runs steps in one session and its open transaction: all of them, or none.
struct StepsInPlace {
    let progress: @Sendable (RestoreProgress) -> Void
    /// Prepares the session for a step.
    var prepare: (borrowing Session, RestoreStep) throws -> Void = { _, _ in }

    func run(_ steps: [RestoreStep], _ session: inout Session) throws {
        for step in steps {
            try prepare(session, step)
            step.events.forEach(progress)
            switch step.work {
            case .once(let body): try body(&session)
            case .each(let list): for job in list() { try job.body(&session) }
            case .chains(let list): for job in list().joined() { try job.body(&session) }
            case .shared(let count, let body):
                var numbers = (0..<count).makeIterator()
                try body(&session) { numbers.next() }
            }
        }
    }
}

extension Session {
    /// Runs `body`. If the server refuses it, an open transaction is restored to its state before.
    mutating func attempt(_ body: (inout Session) throws -> Void) throws {
        guard isInTransaction else { return try body(&self) }
        try execute("SAVEPOINT granary_attempt")
        do {
            try body(&self)
        } catch let error as PostgresError where error.code == .server {
            try execute("ROLLBACK TO SAVEPOINT granary_attempt")
            throw error
        }
        try execute("RELEASE SAVEPOINT granary_attempt")
    }
}

extension LeftOutList {
    /// Runs `body`, which creates no object. If the server refuses it, this is listed as a fallback.
    func falling(_ object: String, _ session: inout Session, _ body: (inout Session) throws -> Void) throws {
        do {
            try session.attempt(body)
        } catch let error as PostgresError where error.isOfStatement {
            add(object, because: error.description, .fallback)
        }
    }
}
