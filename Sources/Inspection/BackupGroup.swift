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

    /// Whether both are of one database in one environment, with any selection.
    package func isOfDatabase(_ other: BackupGroup) -> Bool {
        (database, environment, server) == (other.database, other.environment, other.server)
    }
}
