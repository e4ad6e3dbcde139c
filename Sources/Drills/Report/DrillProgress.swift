package import Archive
package import Backup
package import Inspection
package import Migrations
package import Restore

/// The progress of a drill: that of its steps.
package enum DrillProgress: Sendable {
    case phase(String)
    case verify(VerifyProgress)
    case restore(RestoreProgress)
    case read(BackupProgress)
    case count(RowCounts.Progress)
    case migrate(MigrationEvent)
}
