@_exported public import Basics
internal import PostgresClient

/// Why a backup was not made. Nothing is left behind under the final name.
package typealias BackupError = Failure<BackupFailure>

package enum BackupFailure: FailureCode {
    /// A selection that fits nothing, or contradicts itself.
    case selection
    /// No pg_dump, or none that is new enough.
    case pgDump
    /// Someone holds or waits for a lock on a table.
    case busy
    /// Row security, missing privileges.
    case rights
    /// Tables came, went or were rewritten again and again while the snapshot was taken.
    case changing
    /// A standby has ended a session of ours, for what its primary did.
    case conflict
    /// What pg_dump wrote was not understood.
    case format

    package var exitStatus: ExitStatus { self == .busy ? .busy : .failed }
}

extension BackupError {
    /// nil for an error that is none of a standby's. Of sessions that only read, nothing else fails with this SQLSTATE; whom
    /// libpq or pg_dump tells of it has the text alone.
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
