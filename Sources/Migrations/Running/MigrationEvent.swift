/// What a run of migrations says while it runs.
package enum MigrationEvent: Sendable {
    /// Another runner is at it; who.
    case waitingForRunner(String)
    /// A step begins.
    case started(name: String, direction: Direction, number: Int, of: Int)
    /// A statement waits for a lock that this session holds.
    case blocked(by: String)
    /// A lock was not to be had in time; the migration was rolled back and is tried again.
    case retrying(name: String, attempt: Int, pause: Duration)
    case finished(name: String, direction: Direction, milliseconds: Int)
    /// A verified backup of what will be destroyed was taken.
    case backedUp(file: String)
    /// How what was destroyed comes back.
    case undo(UndoAdvice)
    /// What a person should know.
    case note(String)
}
