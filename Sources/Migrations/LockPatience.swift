internal import Basics

/// How long a migration waits for locks, and how often it tries.
///
/// A statement that waits for an ACCESS EXCLUSIVE lock blocks all later queries on that table. For that reason it waits
/// only a short time, rolls back, and tries again later.
package struct LockPatience: Sendable {
    /// The `lock_timeout` of each attempt.
    package var lockTimeout: Duration
    /// No further attempt starts after this time.
    package var budget: Duration

    package init(lockTimeout: Duration = .seconds(3), budget: Duration = .seconds(60)) {
        self.lockTimeout = lockTimeout
        self.budget = budget
    }

    /// The pause before the next attempt; nil if the budget is used up.
    func pause(after attempt: Int, since start: ContinuousClock.Instant) -> Duration? {
        // The pause doubles with each attempt. Its random part keeps two runners from colliding again.
        let most = min(200 << min(attempt, 6), 5_000)
        let pause = Duration.milliseconds(Int.random(in: most / 2...most))
        return ContinuousClock.now - start + pause < budget ? pause : nil
    }

    func exhausted(_ name: String, _ place: String, attempts: Int) -> MigrationError {
        MigrationError(
            .busy,
            "\(place): \(name) did not get its locks in \(attempts == 1 ? "one attempt" : "\(attempts) attempts"), "
                + "\(lockTimeout.milliseconds) ms each; it was rolled back",
            hint: "run it again after the session named above has ended, or raise --lock-timeout or --lock-budget",
            sqlState: "55P03"
        )
    }
}
