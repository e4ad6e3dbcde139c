package import SQLText

/// One thing that a run will do: a file, up or down.
package struct MigrationStep: Sendable {
    package var service: String
    package var version: Int
    package var name: String
    package var layer: String
    package var direction: Direction
    /// Of the file, or the part of the ledger, that runs.
    package var script: MigrationScript
    package var sha256: String
    /// What the ledger keeps of the down file, for a step up.
    package var downSHA256: String?
    package var downSQL: String?
    package var isVerified = true
    /// What it depends on in other services, `user-service/3`.
    package var requires: [String] = []
    package var declared: DependenciesFile.Entry?

    /// Whether services run together, so that a name alone does not tell which is meant.
    package var isOfSeveralServices = false

    /// As people read it: `000001_initial`, or `user-service/000001_initial`.
    package var title: String { isOfSeveralServices ? "\(service)/\(name)" : name }
    package var risk: Risk { script.risk }
    /// What the plan shows as its duration.
    package var estimatedDuration: String? { declared?.estimatedDuration }
}
