@_exported public import Basics

/// Why a database does not let us keep our tables, or what is wrong with them.
package typealias BookkeepingError = Failure<BookkeepingFailure>

package enum BookkeepingFailure: FailureCode {
    /// The database has several markers.
    case refused
    /// The role may not make our tables, or one of them is damaged.
    case database

    package var exitStatus: ExitStatus { self == .refused ? .refused : .failed }
}
