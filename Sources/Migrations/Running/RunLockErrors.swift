internal import Bookkeeping

extension MigrationError {
    /// The error if another run does not end within the time limit.
    static func busy(_ lock: RunLock.Occupied) -> MigrationError {
        MigrationError(
            .busy,
            "another migration runs in this database\(lock.holder.map { ", by \($0)" } ?? ""), and did not end within \(lock.limit)",
            hint:
                "try again when it is done; migration_locking.timeout_seconds in environments.json is how long "
                + "to wait"
        )
    }

    /// The error if the session that holds the lock has ended.
    static func lostLock(_ reason: String?) -> MigrationError {
        MigrationError(
            .busy,
            "the session that held the lock of this run ended\(reason.map { ": \($0)" } ?? ""), so the run stopped: "
                + "another run may have started",
            hint: "`granary migrate status` shows what is applied; then run it again"
        )
    }
}
