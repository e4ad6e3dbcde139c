internal import PostgresClient
package import Project
package import SQLText

/// Checks a plan against the rules of the environment and the declarations. Each service follows the rules in its own
/// file.
package struct MigrationPolicy: Sendable {
    /// The environment's name.
    package var environment: String
    /// The rules of each service, by its name.
    package var rules: [String: EnvironmentPolicy]
    /// The reason for ignoring the maintenance window, which is logged.
    package var windowOverride: String?
    /// Seconds since 1970, UTC.
    package var now: Int
    /// `environments.json` of the services.
    package var files: [EnvironmentsFile]

    package init(
        environment: String,
        rules: [String: EnvironmentPolicy],
        windowOverride: String? = nil,
        now: Int,
        files: [EnvironmentsFile] = []
    ) {
        self.files = files
        self.environment = environment
        self.rules = rules
        self.windowOverride = windowOverride
        self.now = now
    }

    /// The rules that forbid the plan.
    func obstacles(_ plan: MigrationPlan, _ services: [ServiceState]) -> [MigrationError] {
        guard !plan.steps.isEmpty else { return [] }
        var obstacles = misplacedRules(services) + limits(services) + windows(plan)
        for step in plan.steps where step.direction == .up {
            let dependencies = services.first { $0.name == step.service }?.dependencies ?? DependenciesFile()
            if riskDecides(step, dependencies) { obstacles += risk(of: step, dependencies) }
            obstacles += approval(of: step, dependencies, services) + destruction(by: step)
        }
        return obstacles
    }

    /// Notes about declared risks that are too low, for steps where no rule depends on the risk.
    func notes(_ plan: MigrationPlan, _ services: [ServiceState]) -> [String] {
        plan.steps.filter { $0.direction == .up }.flatMap { step -> [String] in
            let dependencies = services.first { $0.name == step.service }?.dependencies ?? DependenciesFile()
            return riskDecides(step, dependencies) ? [] : risk(of: step, dependencies).map(\.description)
        }
    }

    /// Whether an approval, a maintenance window or a ban on destruction depends on a migration's declared risk.
    private func riskDecides(_ step: MigrationStep, _ dependencies: DependenciesFile) -> Bool {
        let rules = rules(of: step.service)
        return rules.requiresApproval || dependencies.requiresApprovalForHighRisk || rules.requiresWindow
            || !rules.allowsDestructiveOperations
    }

    /// Whether rows that a plan destroys must be backed up first, for the environment or for a service.
    func requiresBackup(_ services: [ServiceState]) -> Bool {
        services.contains { rules(of: $0.name).requiresBackup || $0.dependencies.backsUpBeforeDestruction }
    }

    /// Reverting destroys newer data. Where destruction is forbidden, the command alone is not enough.
    func requiresConfirmation(of reverts: [MigrationStep]) -> Bool {
        reverts.contains { !rules(of: $0.service).allowsDestructiveOperations }
    }

    private func rules(of service: String) -> EnvironmentPolicy {
        rules[service] ?? EnvironmentPolicy(name: environment)
    }

    /// Errors for misplaced rules. They have no effect, so a run that depends on them must not continue.
    private func misplacedRules(_ services: [ServiceState]) -> [MigrationError] {
        let inFiles = files.flatMap { file in
            file.misplaced(PolicyKey.ofMigrations, of: environment).map { (file.path ?? "environments.json", $0) }
        }
        let inDependencies = services.flatMap { state in
            state.dependencies.misplacedRules.map { (state.dependencies.path, $0) }
        }
        return (inFiles + inDependencies).map { path, rule in
            MigrationError(.policy, at: FilePlace(path, line: rule.line), rule.message, hint: rule.hint)
        }
    }

    /// Errors for limits of 0. One migration runs at a time, which satisfies every other limit.
    private func limits(_ services: [ServiceState]) -> [MigrationError] {
        let parallel = services.map {
            ($0.dependencies.path, "max_parallel_migrations", $0.dependencies.maxParallelMigrations)
        }
        let concurrent = files.map {
            ($0.path ?? "", "max_concurrent_migrations", $0.locking.maxConcurrentMigrations)
        }
        return (parallel + concurrent).filter { $0.2 < 1 }.map { path, name, _ in
            MigrationError(
                .policy,
                "\(path): \(name) is 0, so no migration may run",
                hint: "set it to 1 or more; granary runs one at a time"
            )
        }
    }

    /// One error for each closed window, even if several services have the same window.
    private func windows(_ plan: MigrationPlan) -> [MigrationError] {
        var errors: [MigrationError] = []
        for service in Set(plan.steps.map(\.service)).sorted() {
            for error in window(rules(of: service)) where !errors.contains(where: { $0.message == error.message }) {
                errors.append(error)
            }
        }
        return errors
    }

    private func window(_ environment: EnvironmentPolicy) -> [MigrationError] {
        guard environment.requiresWindow, windowOverride == nil else { return [] }
        guard let window = environment.window else {
            return [
                MigrationError(
                    .policy,
                    "\(environment.name) requires a maintenance window, and none is declared",
                    hint: "add \"maintenance_window\": \"Sun 02:00-04:00 UTC\" to its config in environments.json, "
                        + "or run with --override-window WHY"
                )
            ]
        }
        guard !window.contains(now) else { return [] }
        let minutes = window.minutesUntilOpen(now)
        let wait = minutes < 120 ? "\(minutes) minutes" : "\(minutes / 60) hours"
        return [
            MigrationError(
                .policy,
                "\(environment.name) is migrated only in its maintenance window: \(window)",
                hint: "it opens in \(wait); --override-window WHY runs it now and logs the reason"
            )
        ]
    }

    private func risk(of step: MigrationStep, _ dependencies: DependenciesFile) -> [MigrationError] {
        guard let declared = step.declared?.risk, declared < step.risk else { return [] }
        let reason = step.script.statements.first { $0.effects.risk == step.risk }
        let place = reason.map { " because of line \($0.line), \($0.tag)" } ?? ""
        return [
            MigrationError(
                .policy,
                at: dependencies.place(step.version),
                "\(step.name) is declared \(declared.rawValue) risk, and is "
                    + "\(step.risk.rawValue)\(place)",
                hint: "set its risk_level to \"\(step.risk.rawValue)\""
            )
        ]
    }

    private func approval(
        of step: MigrationStep,
        _ dependencies: DependenciesFile,
        _ services: [ServiceState]
    ) -> [MigrationError] {
        let isHigh = max(step.risk, step.declared?.risk ?? .low) == .high
        let environment = rules(of: step.service)
        let why: String
        if environment.requiresApproval {
            why = "\(environment.name) requires an approval of each migration"
        } else if dependencies.requiresApprovalForHighRisk, isHigh {
            why = "high risk requires an approval"
        } else {
            return []
        }
        let file = services.first { $0.name == step.service }?.tree.migration(step.version)?.up
        if let approved = step.declared?.approval?.sha256, file?.matches(approved) ?? (approved == step.sha256) {
            return []
        }
        let state = step.declared?.approval == nil ? "is not approved" : "was edited after it was approved"
        return [
            MigrationError(
                .policy,
                "\(step.name) \(state); \(why)",
                hint: "the reviewer runs `granary migrate approve \(step.version)` and commits dependencies.json"
            )
        ]
    }

    private func destruction(by step: MigrationStep) -> [MigrationError] {
        let environment = rules(of: step.service)
        guard !environment.allowsDestructiveOperations, let (statement, what) = step.script.destruction.first else {
            return []
        }
        return [
            MigrationError(
                .policy,
                at: FilePlace(step.script.path, line: statement.line, column: statement.column),
                "\(statement.tag) destroys "
                    + "\(what.column.map { "column \($0) of" } ?? what.kind.rawValue) \(what.relation), and \(environment.name) allows no destructive operations",
                hint:
                    "set allow_destructive_operations for \(environment.name) in environments.json, or avoid the statement"
            )
        ]
    }
}

extension MigrationPlan {
    /// The tables that lose rows or columns, named as in the files.
    package var tablesThatLoseRows: [RelationName] {
        var names: [RelationName] = []
        for step in steps {
            for (_, what) in step.script.destruction where what.kind == .table || what.column != nil {
                if !names.contains(what.relation) { names.append(what.relation) }
            }
        }
        return names
    }

    /// The schemas that are dropped with their content.
    package var schemasThatAreDropped: [String] {
        steps.flatMap { step in step.script.destruction.filter { $0.what.kind == .schema }.map(\.what.name) }
    }
}
