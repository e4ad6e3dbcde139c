/// What to clean, and what to leave alone.
package struct CleanOptions: Sendable {
    /// The schemas whose tables are emptied; nil for the whole database.
    package var schemas: [String]?
    /// Patterns of tables that are left alone because this run says so.
    package var keep: [String] = []
    /// Patterns of tables that are always left alone, as `protect:` of `seeds.yaml` says.
    package var protect: [String] = []
    /// Patterns of reference tables that are left alone; empty where they are cleaned like all others.
    package var reference: [String] = []
    /// The services whose seeds are gone afterwards.
    package var services: [String] = []
    package var stateSchema = "granary"
    /// How long to wait for each lock.
    package var lockTimeout = Duration.seconds(10)
    /// Whether the rows are backed up first, so that everything that would make the undo fail counts too.
    package var isUndoable = true
    /// A table with a larger heap, in bytes, is truncated rather than deleted from.
    ///
    /// Emptying a file and those of its indexes costs the same whatever was in them, deleting grows with the rows.
    package var largeBytes = 64 << 10

    package init(schemas: [String]?) { self.schemas = schemas }
}
