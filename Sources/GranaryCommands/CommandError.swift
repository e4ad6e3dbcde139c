@_exported public import Basics

/// Why a command could not do its part: what it was given does not fit, or a person or a rule said no.
package typealias CommandError = Failure<CommandFailure>

package enum CommandFailure: FailureCode {
    /// The command line does not fit.
    case usage
    /// A guard, a rule or a person said no.
    case refused
    /// Nothing says which database is meant.
    case noDatabase
    /// A file or a folder is not there, or cannot be used.
    case file
    /// The archive cannot be restored here as it is.
    case obstacles
    /// The system lets this process have too little.
    case limits
    /// Standard output cannot take the result.
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
