@_exported public import Basics

/// Why nothing was cleaned. The database is unchanged.
package typealias CleaningError = Failure<CleaningFailure>

package enum CleaningFailure: FailureCode {
    /// A table or schema that is named does not exist.
    case selection
    /// A table that must be left alone would lose rows, or the rows could not be restored.
    case protected
    /// The role has no right to do it, or the server has too few locks for it.
    case obstacle
    /// Another session holds a lock, or has changed something since the plan: try again.
    case busy
    /// A statement had another result than expected.
    case statement

    package var exitStatus: ExitStatus {
        switch self {
        case .selection: .usage
        case .protected: .refused
        case .busy: .busy
        case .obstacle, .statement: .failed
        }
    }
}
