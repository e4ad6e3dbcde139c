/// What a run is asked for.
package enum MigrationRequest: Sendable, Equatable {
    /// All that is pending, or so many.
    case up(Int?)
    /// So many, the last applied first; nil is all.
    case down(Int?)
    /// To this version, whichever way it is; 0 is before the first.
    case goto(Int)
    /// The last so many down, then up again.
    case redo(Int)
}

/// What a run would do, and what keeps it from doing so.
package struct MigrationPlan: Sendable {
    package internal(set) var steps: [MigrationStep] = []
    /// What must be out of the way first; a run throws the first of them.
    package internal(set) var obstacles: [MigrationError] = []

    /// What is worth knowing, and keeps nothing from running.
    package internal(set) var notes: [String] = []

    package var reverts: [MigrationStep] { steps.filter { $0.direction == .down } }
}
