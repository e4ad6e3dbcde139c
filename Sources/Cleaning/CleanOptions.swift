/// The schemas to clean, the tables to keep, and the limits.
package struct CleanOptions: Sendable {
    /// The schemas whose tables are emptied; nil for the whole database.
    package var schemas: [String]?
    /// Patterns of tables that this run does not clean.
    package var keep: [String] = []
    /// Patterns of tables that are never cleaned: `protect:` of `seeds.yaml`.
    package var protect: [String] = []
    /// Patterns of reference tables that are not cleaned; empty to clean them too.
    package var reference: [String] = []
    /// The services whose record of seeds is cleared.
    package var services: [String] = []
    package var stateSchema = "granary"
    /// How long to wait for each lock.
    package var lockTimeout = Duration.seconds(10)
    /// Whether a backup is made first. If so, everything that would make the undo fail is an obstacle.
    package var isUndoable = true
    /// Tables with a heap larger than this, in bytes, are truncated.
    ///
    /// TRUNCATE costs the same for any number of rows; the cost of DELETE grows with the rows.
    package var largeBytes = 64 << 10

    package init(schemas: [String]?) { self.schemas = schemas }
}
