@_exported public import Basics

/// Why the local server could not be found, made, started or stopped.
package typealias LocalServerError = Failure<LocalServerFailure>

package enum LocalServerFailure: FailureCode {
    /// No PostgreSQL programs, or not all of them in one folder.
    case notInstalled
    /// Programs are there, but of another major version than the cluster.
    case wrongVersion
    /// No account the server could run as, or the cluster belongs to another one.
    case account
    /// A folder or a file that cannot be made, read or trusted.
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
