@_exported public import Basics

/// Why an environment, a service or a file about them is not usable.
package typealias EnvironmentsError = Failure<EnvironmentsFailure>

package enum EnvironmentsFailure: FailureCode {
    /// The command line names something that does not exist.
    case usage
    /// The guard refuses.
    case refused
    /// A file has an error.
    case file

    package var exitStatus: ExitStatus {
        switch self {
        case .usage: .usage
        case .refused: .refused
        case .file: .failed
        }
    }
}
