package import PostgresClient

extension MigratorOptions {
    /// What a run on an empty database would apply in an environment, in its order: each step with its down file.
    ///
    /// - Parameter session: With the empty database.
    /// - Throws: `MigrationError` for the first thing that would keep it from running.
    package func stepsFromNothing(
        in environment: String,
        _ session: borrowing Session
    ) throws -> [(up: MigrationStep, down: MigrationScript?)] {
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
        return try plan.steps.map { step in
            var step = step
            step.isOfSeveralServices = services.count > 1
            let migration = services.first { $0.name == step.service }?.tree.migration(step.version)
            return (step, try migration?.down.map { try MigrationScript($0.text, path: $0.path) })
        }
    }
}
