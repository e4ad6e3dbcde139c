/// What to clean, and what to leave alone.
package struct CleanOptions: Sendable {
    /// The schemas whose tables are emptied; nil for the whole database.
    package var schemas: [String]?
    /// Patterns of tables that this run leaves alone.
    package var keep: [String] = []
    /// Patterns of tables that are always left alone: `protect:` of `seeds.yaml`.
    package var protect: [String] = []
    /// Patterns of reference tables that are left alone; empty if they are to be cleaned too.
    package var reference: [String] = []
    /// The services whose record of seeds is cleared.
    package var services: [String] = []
    package var stateSchema = "granary"
    /// How long to wait for each lock.
    package var lockTimeout = Duration.seconds(10)
    /// Whether a backup is made first. Then everything that would make the undo fail is an obstacle.
    package var isUndoable = true
    /// Tables with a heap larger than this, in bytes, are truncated.
    ///
    /// TRUNCATE costs the same for any number of rows; the cost of DELETE grows with the rows.
    package var largeBytes = 64 << 10

    package init(schemas: [String]?) { self.schemas = schemas }
}
