@_exported public import Basics

/// Why migrations were not run, or not to their end.
package typealias MigrationError = Failure<MigrationFailure>

package enum MigrationFailure: FailureCode {
    /// A file or a folder is not there, or is not what it should be.
    case file
    /// Two files of one number.
    case duplicate
    /// What a migration depends on is not there, or goes round in a circle.
    case dependency
    /// What is applied depends on what would be reverted.
    case dependent
    /// A rule of the environment, or of the migrator, said no.
    case policy
    /// Ledger, files and golang-migrate's row contradict each other.
    case disagreement
    /// Another runner, or a lock held too long.
    case busy
    /// A statement failed.
    case statement
    /// What was asked for does not fit the migrations there are.
    case usage
    /// The migrations ran, and the database is not as they should have left it.
    case validation

    package var exitStatus: ExitStatus {
        switch self {
        case .usage: .usage
        case .policy, .disagreement, .dependent: .refused
        case .busy: .busy
        case .file, .duplicate, .dependency, .statement, .validation: .failed
        }
    }
}
