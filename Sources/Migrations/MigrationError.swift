@_exported public import Basics

/// The reason why not all migrations were run.
package typealias MigrationError = Failure<MigrationFailure>

package enum MigrationFailure: FailureCode {
    /// A file or a folder is missing or invalid.
    case file
    /// Two files with the same number.
    case duplicate
    /// A dependency is missing, or part of a cycle.
    case dependency
    /// An applied migration depends on one that would be reverted.
    case dependent
    /// A rule of the environment or of the migrator forbids the run.
    case policy
    /// The ledger, the files and golang-migrate's row contradict each other.
    case disagreement
    /// Another runner is active, or a lock was held too long.
    case busy
    /// A statement failed.
    case statement
    /// The request does not fit the migrations.
    case usage
    /// The migrations ran, and the resulting database is not as expected.
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
