@_exported public import Basics

/// Why a look at a database, or at a folder of backups, came to nothing.
package typealias InspectionError = Failure<InspectionFailure>

package enum InspectionFailure: FailureCode {
    /// What was asked for does not fit together.
    case usage
    /// Locks came between again and again.
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
