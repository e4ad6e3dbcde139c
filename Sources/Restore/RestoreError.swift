@_exported public import Basics

/// Why a restore failed. The target is unchanged.
package typealias RestoreError = Failure<RestoreFailure>

package enum RestoreFailure: FailureCode {
    /// A selection that matches nothing, or that cannot be restored alone.
    case selection
    /// An option is missing, contradicts another one, or does not fit the file.
    case usage
    /// An obstacle that was found before anything changed: a missing role or extension, an older server, connected
    /// sessions.
    case preflight
    /// A statement of the schema failed.
    case statement
    /// The loaded rows differ from the manifest.
    case mismatch
    /// The file is neither an archive nor a plain dump.
    case format
    /// A plain dump contains something that only psql can run.
    case dump
    /// A plain dump is incomplete, or does not tell whether it is complete.
    case incomplete
    /// Tables that must be empty hold rows (`ifEmpty`).
    case refused
    /// An archive without a known seal contains code that would run.
    case untrusted
    /// Other sessions prevent the restore: they are connected to the target, or hold a lock for too long.
    case busy

    package var exitStatus: ExitStatus {
        switch self {
        case .busy: .busy
        case .usage: .usage
        case .refused, .untrusted, .incomplete: .refused
        case .selection, .format, .preflight, .statement, .mismatch, .dump: .failed
        }
    }
}
