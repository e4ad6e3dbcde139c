/// The progress of a run of migrations.
package enum MigrationEvent: Sendable {
    /// Waiting for another runner, which is named.
    case waitingForRunner(String)
    /// A step begins.
    case started(name: String, direction: Direction, number: Int, of: Int)
    /// A statement waits for a lock that this session holds.
    case blocked(by: String)
    /// A lock was not available in time; the migration was rolled back and will be tried again.
    case retrying(name: String, attempt: Int, pause: Duration)
    case finished(name: String, direction: Direction, milliseconds: Int)
    /// A verified backup of rows that will be destroyed was made.
    case backedUp(file: String)
    /// How to restore what was destroyed.
    case undo(UndoAdvice)
    /// A remark for people.
    case note(String)
}
