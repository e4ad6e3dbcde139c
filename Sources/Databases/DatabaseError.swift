@_exported public import Basics

/// Why a database could not be created or replaced.
package typealias DatabaseError = Failure<DatabaseFailure>

package enum DatabaseFailure: FailureCode {
    /// A property is not a valid keyword for its statement.
    case keyword
    /// The server lacks the locale of the new database.
    case locale
    /// No other database accepts a connection.
    case maintenance
    /// Sessions are connected to the database.
    case inUse
    /// Another database has the name by now.
    case changed
    /// The target did not exist when the work began, and was created by others before its end. The new database is kept
    /// under another name.
    case taken
    /// The role may not end a session that blocks the operation.
    case notAllowed

    package var exitStatus: ExitStatus { self == .inUse ? .busy : .failed }
}
