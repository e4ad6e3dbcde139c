@_exported public import Basics

/// The reason why seeds cannot be read, planned or written. No message contains the value of a row.
package typealias SeedingError = Failure<SeedingFailure>

package enum SeedingFailure: FailureCode {
    /// The command line names something that does not exist.
    case usage
    /// A policy forbids the run, such as that of production.
    case refused
    /// Another run of the same service is active.
    case busy
    /// A file cannot be read or has an error.
    case file
    /// A `!ref` names no row.
    case label
    /// The files do not fit the tables, or the tables cannot be filled.
    case schema
    /// More rows are wanted than there are distinct values.
    case tooFew(possible: Int)
    /// The server rejected a row or a statement.
    case database

    package var exitStatus: ExitStatus {
        switch self {
        case .usage: .usage
        case .refused: .refused
        case .busy: .busy
        case .file, .label, .schema, .tooFew, .database: .failed
        }
    }
}
