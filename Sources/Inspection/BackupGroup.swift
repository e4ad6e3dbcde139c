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

    package init(_ backup: BackupSummary) {
        (database, environment, server) = (backup.database, backup.environment, backup.server)
        (selection, isComplete) = (backup.selectionDigest, backup.isComplete)
    }

    /// Whether a new backup may be followed by the deletion of older ones of this group: those of the same selection, and
    /// after a complete backup, all of the same database in the same environment.
    ///
    /// A job for a few tables must not apply its rules to the backups of the whole database.
    package func mayBePruned(after new: BackupGroup) -> Bool {
        guard (database, environment, server) == (new.database, new.environment, new.server) else { return false }
        return self == new || new.isComplete == true
    }
}
