/// The request for a run.
package enum MigrationRequest: Sendable, Equatable {
    /// All pending migrations, or this many.
    case up(Int?)
    /// This many, the last applied first; nil for all.
    case down(Int?)
    /// To this version, up or down; 0 is before the first.
    case goto(Int)
    /// Down by this many, then up again.
    case redo(Int)
}

/// The steps of a run, and its obstacles.
package struct MigrationPlan: Sendable {
    package internal(set) var steps: [MigrationStep] = []
    /// Obstacles; a run throws the first of them.
    package internal(set) var obstacles: [MigrationError] = []

    /// Remarks that prevent nothing.
    package internal(set) var notes: [String] = []

    package var reverts: [MigrationStep] { steps.filter { $0.direction == .down } }
}
