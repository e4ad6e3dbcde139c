package import Archive

/// Backups that can take each other's place: the same selection of the same database in the same environment.
///
/// What is unknown of a backup, because an older version has described it, makes a group of its own.
package struct BackupGroup: Hashable, Sendable {
    private var database: String
    private var environment: String?
    private var server: String?
    /// The schemas and tables, and what was left out.
    private var selection: String
    /// Whether nothing was left out; nil if unknown.
    private var isComplete: Bool?
    /// Whether neither schemas nor tables were selected.
    private var isWholeDatabase: Bool

    package init(_ backup: BackupSummary) {
        (database, environment, server) = (backup.database, backup.environment, backup.server)
        (selection, isComplete) = (backup.selectionDigest, backup.isComplete)
        isWholeDatabase = backup.isWholeDatabase
    }

    /// Whether a new backup may be followed by the deletion of older ones of this group, which is of the same database in the
    /// same environment.
    ///
    /// A job for a few tables applies its rules to no other selection, and one that leaves rows out to no complete backups.
    package func mayBePruned(after new: BackupGroup) -> Bool {
        guard (database, environment, server) == (new.database, new.environment, new.server) else { return false }
        return self == new || new.isComplete == true || new.isWholeDatabase && isComplete == false
    }
}
