@_exported public import Basics
package import PostgresClient

/// Why seeds cannot be read, planned or brought into the database; no message has a value of a row.
package typealias SeedingError = Failure<SeedingFailure>

package enum SeedingFailure: FailureCode {
    /// The command line asks for what is not there.
    case usage
    /// A policy says no, such as production's.
    case refused
    /// Another run is at work.
    case busy
    /// A file is not what it should be.
    case file
    /// A `!ref` names no row.
    case label
    /// The files do not fit the tables.
    case schema
    /// Tables refer to each other in a circle that no order of theirs satisfies.
    case circle([TableName])
    /// More rows are wanted than there are distinct values.
    case tooFew(possible: Int)
    /// The server said no to a row or a statement.
    case database

    package var exitStatus: ExitStatus {
        switch self {
        case .usage: .usage
        case .refused: .refused
        case .busy: .busy
        case .file, .label, .schema, .circle, .tooFew, .database: .failed
        }
    }
}
