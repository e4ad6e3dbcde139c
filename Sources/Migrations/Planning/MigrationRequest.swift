package import Bookkeeping

/// The migrations to apply or revert.
package enum MigrationRequest: Sendable, Equatable {
    /// Apply this many pending migrations; nil for all.
    case up(Int?)
    /// Revert this many, the last applied first; nil for all.
    case down(Int?)
    /// Apply or revert up to this version; 0 reverts everything.
    case goto(Int)
    /// Revert this many, then apply them again.
    case redo(Int)
}

/// The steps of a run, and the obstacles to it.
package struct MigrationPlan: Sendable {
    package internal(set) var steps: [MigrationStep] = []
    /// The reasons why the plan may not run; a run throws the first of them.
    package internal(set) var obstacles: [MigrationError] = []

    /// Remarks that do not stop the run.
    package internal(set) var notes: [String] = []

    /// The backups of the database that run now, with the tables that they read and the plan will lock completely.
    package internal(set) var runningBackups: [RunningBackup] = []

    package var reverts: [MigrationStep] { steps.filter { $0.direction == .down } }
}
