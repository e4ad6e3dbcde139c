@_exported public import Basics

/// Why a command could not do its work: wrong arguments, or a user or a rule refused.
package typealias CommandError = Failure<CommandFailure>

package enum CommandFailure: FailureCode {
    /// Wrong arguments.
    case usage
    /// A guard or a rule refused, or the user did not confirm.
    case refused
    /// No database was given.
    case noDatabase
    /// A file or a folder is missing, or cannot be used.
    case file
    /// The archive cannot be restored here.
    case obstacles
    /// The system's limits for this process are too low.
    case limits
    /// Standard output cannot accept the result.
    case output

    package var exitStatus: ExitStatus {
        switch self {
        case .usage: .usage
        case .refused: .refused
        case .noDatabase: .noConnection
        case .file, .obstacles, .limits, .output: .failed
        }
    }
}
