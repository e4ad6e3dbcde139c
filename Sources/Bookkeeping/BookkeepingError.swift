@_exported public import Basics

/// Why granary cannot keep its tables in a database, or what is wrong with them.
package typealias BookkeepingError = Failure<BookkeepingFailure>

package enum BookkeepingFailure: FailureCode {
    /// The database has several markers.
    case refused
    /// The role may not create granary's tables, or one of them is damaged.
    case database

    package var exitStatus: ExitStatus { self == .refused ? .refused : .failed }
}
