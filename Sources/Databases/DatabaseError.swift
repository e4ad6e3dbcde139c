@_exported public import Basics

/// Why a database could not be made or replaced.
package typealias DatabaseError = Failure<DatabaseFailure>

package enum DatabaseFailure: FailureCode {
    /// A property is not the keyword that its statement needs.
    case keyword
    /// There is no other database to connect to.
    case maintenance
    /// Sessions are connected to it.
    case inUse
    /// The role may not end a session that is in the way.
    case notAllowed

    package var exitStatus: ExitStatus { self == .inUse ? .busy : .failed }
}
