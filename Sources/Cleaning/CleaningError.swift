@_exported public import Basics

/// Why nothing was cleaned. The database is unchanged.
package typealias CleaningError = Failure<CleaningFailure>

package enum CleaningFailure: FailureCode {
    /// A named table or schema does not exist.
    case selection
    /// A table that must keep its rows would lose some, or the rows could not be restored.
    case protected
    /// The role lacks a privilege, or the server has too few locks.
    case obstacle
    /// Another session holds a lock, or has changed something since the plan. Trying again may succeed.
    case busy
    /// A statement had an unexpected result.
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
