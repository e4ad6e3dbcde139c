package import Bookkeeping
package import Project

/// The settings of a migrator's run.
package struct MigratorOptions: Sendable {
    /// A service with its `environments.json`.
    package struct Folder: Sendable {
        package var service: Service
        package var file: EnvironmentsFile

        package init(service: Service, file: EnvironmentsFile) {
            self.service = service
            self.file = file
        }
    }

    /// One service, or all services of `--root`.
    package var services: [Folder]
    package var environment: String
    package var stateSchema = StateSchema()
    package var allowsOutOfOrder = false
    package var windowOverride: String?
    /// The database is a copy that will be dropped: approvals, windows, bans and backups, which protect a real one, do
    /// not apply.
    package var isRehearsal = false
    /// Ledgers of other tools that belong to other services, named as the user wrote them.
    package var beside: [String] = []
    /// The version that `--confirm-version` permits to revert.
    package var confirmed: Int?
    package var patience = LockPatience()
    /// Seconds since 1970, UTC.
    package var now: Int
    package var actor: String
    package var host: String
    package var toolVersion: String

    package init(
        services: [Folder],
        environment: String,
        now: Int,
        actor: String,
        host: String,
        toolVersion: String
    ) {
        self.services = services
        self.environment = environment
        self.now = now
        self.actor = actor
        self.host = host
        self.toolVersion = toolVersion
    }

    /// The rules of each service: those in its own file, or else those of the first file that declares the environment.
    var rules: [String: EnvironmentPolicy] {
        Dictionary(
            services.map { ($0.service.name, $0.file.policy(environment) ?? policy) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private var policy: EnvironmentPolicy {
        services.lazy.compactMap { $0.file.policy(environment) }.first ?? EnvironmentPolicy(name: environment)
    }

    /// Whether the files of all services allow the environment to be reset.
    var isForPlay: Bool { services.allSatisfy { $0.file.rules(of: environment).isForPlay } }

    var lockLimit: Duration { .seconds(services.map(\.file.locking.timeoutSeconds).max() ?? 300) }
}
