package import PostgresClient
internal import Project

extension MigratorOptions {
    /// The steps that a run on an empty database would take in an environment, each with its down file.
    ///
    /// - Parameter session: A session with the empty database.
    /// - Throws: `MigrationError` for the first obstacle to the run.
    package func planFromNothing(
        in environment: String,
        _ session: borrowing Session
    ) throws -> PlanFromNothing {
        var options = self
        options.environment = environment
        let services = try ServiceReader(options: options).readAll(session)
        let planner = MigrationPlanner(
            services: services,
            appliedElsewhere: [],
            neededElsewhere: [],
            allowsOutOfOrder: false,
            redoesModified: false
        )
        let plan = try planner.plan(.up(nil))
        if let obstacle = plan.obstacles.first { throw obstacle }
        let steps = try plan.steps.map { step in
            var step = step
            step.isOfSeveralServices = services.count > 1
            let migration = services.first { $0.name == step.service }?.tree.migration(step.version)
            return (up: step, down: try migration?.down.map { try MigrationScript($0.text, path: $0.path) })
        }
        let before = zip(options.services, services).map { ($0.service.folder, $1.dependencies.before) }
        return PlanFromNothing(steps: steps, before: before)
    }
}

/// The steps of a run on an empty database.
package struct PlanFromNothing: Sendable {
    package let steps: [(up: MigrationStep, down: MigrationScript?)]
    /// For each service: its folder, and the objects to create before its first migration.
    package let before: [(folder: String, what: BeforeMigrations)]
}
