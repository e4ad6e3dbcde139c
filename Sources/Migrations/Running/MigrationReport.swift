package import Bookkeeping

/// The result of a run.
package struct MigrationReport: Sendable {
    package private(set) var appliedSteps: [MigrationStep] = []
    package private(set) var revertedSteps: [MigrationStep] = []
    /// The file of the backup that was made first.
    package var backup: String?
    /// How to restore the rows and objects that the run destroyed; nil if it destroyed none.
    package var undo: UndoAdvice?
    /// The backups that were running when it began; see `MigrationPlan`.
    package internal(set) var runningBackups: [RunningBackup] = []
    let services: [ServiceState]
    private var versions: [String: Set<Int>]

    init(services: [ServiceState]) {
        self.services = services
        versions = Dictionary(
            services.map { ($0.name, Set($0.entries.map(\.version))) },
            uniquingKeysWith: { one, _ in one }
        )
    }

    mutating func add(_ step: MigrationStep) {
        switch step.direction {
        case .up:
            appliedSteps.append(step)
            versions[step.service, default: []].insert(step.version)
        case .down:
            revertedSteps.append(step)
            versions[step.service, default: []].remove(step.version)
        }
    }

    /// The versions that are applied after the steps so far.
    func applied(service: String) -> Set<Int> { versions[service] ?? [] }

    /// The highest applied version; nil if nothing is applied.
    package var version: Int? { versions.values.compactMap { $0.max() }.max() }
}
