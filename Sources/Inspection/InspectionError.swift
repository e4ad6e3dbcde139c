@_exported public import Basics

/// Why a database or a folder of backups could not be inspected.
package typealias InspectionError = Failure<InspectionFailure>

package enum InspectionFailure: FailureCode {
    /// The options do not fit together.
    case usage
    /// Locks interfered repeatedly.
    case busy
    /// A file or a folder cannot be read or deleted.
    case file

    package var exitStatus: ExitStatus {
        switch self {
        case .usage: .usage
        case .busy: .busy
        case .file: .failed
        }
    }
}
