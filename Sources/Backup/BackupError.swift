@_exported public import Basics
internal import Bookkeeping
internal import PostgresClient

/// Why no backup was made. No file with the final name was created.
package typealias BackupError = Failure<BackupFailure>

package enum BackupFailure: FailureCode {
    /// A selection that matches nothing, or contradicts itself.
    case selection
    /// No pg_dump, or none that is new enough.
    case pgDump
    /// Another session holds a lock on a table, or waits for one.
    case busy
    /// Another backup of the database into the same place is running.
    case running
    /// Row security, missing privileges.
    case rights
    /// Tables were created, dropped or rewritten repeatedly while the snapshot was taken.
    case changing
    /// A standby ended a session because of a change on its primary.
    case conflict
    /// The output of pg_dump was not understood.
    case format
    /// The file to replace is locked.
    case locked

    package var exitStatus: ExitStatus {
        switch self {
        case .busy, .running: .busy
        case .locked: .refused
        case .selection, .pgDump, .rights, .changing, .conflict, .format: .failed
        }
    }
}

extension BackupError {
    /// - Parameter place: For messages.
    static func running(_ lock: BackupLock.Occupied, database: String, place: String) -> BackupError {
        let who = lock.backup.map { ": \($0.who)\($0.since.map { ", since \($0)" } ?? "")" } ?? ""
        let end = lock.backup.map { ", or end it with SELECT pg_terminate_backend(\($0.process))" } ?? ""
        return BackupError(
            .running,
            "another backup of \(database) into \(place) is running\(who)",
            hint: "try again when it is done\(end)"
        )
    }

    /// nil for other errors. In sessions that only read, nothing else fails with this SQLSTATE. If libpq or pg_dump
    /// reports it, only the text is available.
    static func conflict(_ error: any Error) -> BackupError? {
        guard PostgresError.isState("40001", error) || "\(error)".contains("conflict with recovery") else { return nil }
        return BackupError(
            .conflict,
            "the standby ended a session of the backup, because its primary had removed rows or locked a table that it was reading: \(error)",
            hint:
                "on the standby set hot_standby_feedback = on and a longer max_standby_streaming_delay, or back up the primary"
        )
    }
}
