package import SQLText

/// One step of a run: an up file or a down file.
package struct MigrationStep: Sendable {
    package var service: String
    package var version: Int
    package var name: String
    package var layer: String
    package var direction: Direction
    /// The text that runs, from a file or from the ledger.
    package var script: MigrationScript
    package var sha256: String
    /// For a step up: the checksum of the down file, for the ledger.
    package var downSHA256: String?
    package var downSQL: String?
    package var isVerified = true
    /// Its dependencies in other services: `user-service/3`.
    package var requires: [String] = []
    package var declared: DependenciesFile.Entry?

    /// Whether several services run together, so that a name alone is ambiguous.
    package var isOfSeveralServices = false

    /// The name for messages: `000001_initial`, or `user-service/000001_initial`.
    package var title: String { isOfSeveralServices ? "\(service)/\(name)" : name }
    package var risk: Risk { script.risk }
    /// The duration in the plan.
    package var estimatedDuration: String? { declared?.estimatedDuration }
}
