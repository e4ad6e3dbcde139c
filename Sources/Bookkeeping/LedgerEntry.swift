/// A row of the ledger: a migration that is applied now.
package struct LedgerEntry: Sendable, Equatable {
    package var version: Int
    package var name: String
    /// The environment whose folder its file was in; empty for the base.
    package var layer: String
    /// Nil where the migration was applied by another tool.
    package var upSHA256: String?
    package var downSHA256: String?
    /// The down file as it was when the migration was applied.
    package var downSQL: String?
    /// False where another tool applied it and nobody knows what its file said.
    package var isVerified: Bool
    /// As the server writes it: `2026-11-23T07:15:00Z`.
    package var appliedAt: String
    package var appliedBy: String
    package var milliseconds: Int?
    /// Rises with each application; the last applied is the first to be reverted.
    package var order: Int
    /// What it depends on in other services, `user-service/3`.
    package var requires: [String]
}

/// A run of a file that did not end well, and was the last one of its version.
package struct UnfinishedRun: Sendable, Equatable {
    package var version: Int
    package var name: String
    package var layer: String
    package var direction: Direction
    package var sha256: String
    /// Statements whose effect is in the database; for a run in one transaction always 0.
    package var statementsDone: Int
    package var statementsTotal: Int
    /// False for a run that still says `running`: the process is gone, or is at it.
    package var hasFailed: Bool
    package var sqlState: String?
    package var isWrapped: Bool
    /// Who is at it right now; nil when nobody is.
    package var runner: String?

    /// Whether something of it remains in the database, or may.
    package var leavesSomething: Bool { !isWrapped && (statementsDone > 0 || !hasFailed) }
    /// Whether its process is still at it.
    package var isRunning: Bool { runner != nil }
    /// Whether nobody is at it, and something remains.
    package var hasBrokenOff: Bool { leavesSomething && !isRunning }
}
