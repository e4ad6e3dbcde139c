/// The progress of a run of migrations.
package enum MigrationEvent: Sendable {
    /// Waiting for the named runner.
    case waitingForRunner(String)
    /// A step begins.
    case started(name: String, direction: Direction, number: Int, of: Int)
    /// A statement waits for a lock that the named session holds.
    case blocked(by: String)
    /// A lock was not available in time; the migration was rolled back and will be tried again.
    case retrying(name: String, attempt: Int, pause: Duration)
    case finished(name: String, direction: Direction, milliseconds: Int)
    /// A verified backup was made of the rows that will be destroyed.
    case backedUp(file: String)
    /// How to restore the destroyed rows.
    case undo(UndoAdvice)
    /// A remark for the user.
    case note(String)
}
