@_exported public import Basics

/// Why the local server could not be found, created, started or stopped.
package typealias LocalServerError = Failure<LocalServerFailure>

package enum LocalServerFailure: FailureCode {
    /// No PostgreSQL programs, or not all of them in one folder.
    case notInstalled
    /// There are programs, but of another major version than the cluster.
    case wrongVersion
    /// There is no account for the server, or the cluster belongs to another account.
    case account
    /// A folder or a file that cannot be created, read or trusted.
    case folder
    /// initdb failed.
    case creation
    /// The server did not start, or does not answer.
    case start
    /// The server did not stop.
    case stop
    /// Another command or another server holds the cluster.
    case busy

    package var exitStatus: ExitStatus { self == .busy ? .busy : .failed }
}
