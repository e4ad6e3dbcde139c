@_exported public import Basics

/// Why nothing was cleaned. The database is as it was.
package typealias CleaningError = Failure<CleaningFailure>

package enum CleaningFailure: FailureCode {
    /// A table or a schema that is named is not there.
    case selection
    /// A table that is to be left alone would lose rows, or what is lost could not be brought back.
    case protected
    /// The role may not do it, or the server has no room for it.
    case obstacle
    /// Someone holds a lock, or has changed what was planned: try again.
    case busy
    /// A statement did not do what it should.
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
