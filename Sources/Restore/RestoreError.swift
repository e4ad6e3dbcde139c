@_exported public import Basics

/// Why a restore did not happen. The target is as it was.
package typealias RestoreError = Failure<RestoreFailure>

package enum RestoreFailure: FailureCode {
    /// A selection that fits nothing, or contradicts itself.
    case selection
    /// An option that is missing, or does not go with the file.
    case usage
    /// Something named before anything changed: a missing role or extension, an older server, connected sessions.
    case preflight
    /// A statement of the schema failed.
    case statement
    /// What was loaded is not what the manifest says.
    case mismatch
    /// The file is neither an archive nor a plain dump.
    case format
    /// A plain dump holds what only psql can run.
    case dump
    /// A plain dump that is not whole, or does not tell whether it is.
    case incomplete
    /// Tables that were to be empty hold rows (`ifEmpty`).
    case refused
    /// Code that would run, in an archive that none of our keys has sealed.
    case untrusted
    /// Someone is in the way: sessions on the target, a lock held too long.
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
