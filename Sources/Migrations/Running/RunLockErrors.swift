internal import Bookkeeping

extension MigrationError {
    /// Another run was active until the time limit passed.
    static func busy(_ lock: RunLock.Occupied) -> MigrationError {
        MigrationError(
            .busy,
            "another migration runs in this database\(lock.holder.map { ", by \($0)" } ?? ""), and did not end within \(lock.limit)",
            hint:
                "try again when it is done; migration_locking.timeout_seconds in environments.json is how long "
                + "to wait"
        )
    }

    /// Why a run stops after it has lost its lock.
    static func lostLock(_ reason: String?) -> MigrationError {
        MigrationError(
            .busy,
            "the session that held the lock of this run ended\(reason.map { ": \($0)" } ?? ""), so the run stopped: "
                + "another one may have begun",
            hint: "`granary migrate status` says what is applied; then run it again"
        )
    }
}
