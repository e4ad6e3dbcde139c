@_exported public import Basics

/// Why an environment, a service or a file about them does not do.
package typealias EnvironmentsError = Failure<EnvironmentsFailure>

package enum EnvironmentsFailure: FailureCode {
    /// The command line names what is not there.
    case usage
    /// The guard says no.
    case refused
    /// A file is not what it should be.
    case file

    package var exitStatus: ExitStatus {
        switch self {
        case .usage: .usage
        case .refused: .refused
        case .file: .failed
        }
    }
}
