internal import Bookkeeping
internal import PostgresClient
internal import Project

/// The guard for commands that write.
struct Gate {
    let database: ConnectedDatabase
    let schema: StateSchema
    let console: Console

    /// Reads the marker and the choice of the environment. Changes nothing.
    func situation() async throws -> Guard.Situation {
        let found = try await withSession(database.address, logger: console.logger) { [schema] session in
            // The name could belong to another object between lookup and read.
            try session.refuseViews()
            let marker = Marker(schema)
            return (
                marker: try marker.read(session), policy: try marker.policy(session),
                isEmpty: try marker.isEmpty(session), damage: try marker.damage(session)
            )
        }
        if let damage = found.damage {
            console.note("\(damage.message), so the database counts as unmarked; \(damage.remedy)")
        }
        let choice = try EnvironmentChoice.resolve(
            option: database.environmentOption,
            variables: console.environment,
            marker: found.marker.name,
            file: database.environments
        )
        return Guard.Situation(
            choice: choice,
            marker: found.marker,
            policy: found.policy,
            isEmpty: found.isEmpty,
            isLocal: database.isLocal,
            database: database.name,
            declared: database.environments
        )
    }

    /// Permits a command to write, and marks the database if that is safe.
    ///
    /// - Returns: The environment of the database, and the rules that are stored in it.
    /// - Throws: `EnvironmentsError` with `.refused`.
    func admit() async throws -> (environment: String, policy: MarkerPolicy?) {
        let situation = try await situation()
        let admission = try Guard.admit(situation)
        if admission.marks {
            try await withSession(database.address, logger: console.logger) { [schema] session in
                try Marker(schema).write(admission.environment, &session)
            }
            console.note("marked \(database.name) as \(admission.environment)")
        }
        noteUnknownRules(of: admission.environment)
        return (admission.environment, situation.policy)
    }

    /// Reports unknown rules, because their author relies on them.
    private func noteUnknownRules(of environment: String) {
        let file = database.environments
        let config = "environments.\(environment).config."
        for field in file.unknownFields where field.trail.hasPrefix(config) {
            guard !file.misplacedRules.contains(where: { $0.trail == field.trail }) else { continue }
            let place = "\(file.path ?? "environments.json"):\(field.line)"
            console.note("\(place): \(field.trail) is a field that granary does not know; it has no effect")
        }
    }
}

extension MarkerPolicy {
    /// As rules of the environment that the database is marked with.
    func rules(of environment: String) -> EnvironmentPolicy {
        var rules = EnvironmentPolicy(name: environment)
        rules.isProduction = isProduction
        rules.requiresEncryption = requiresEncryption
        rules.recipients = recipients
        return rules
    }
}

extension EnvironmentsFile {
    /// With the rules that a database has stored beside its marker. Where the two differ, the stricter ones count.
    func with(_ stored: MarkerPolicy?, of environment: String) -> EnvironmentsFile {
        guard let stored else { return self }
        return with(
            environment,
            isProduction: stored.isProduction,
            requiresEncryption: stored.requiresEncryption,
            recipients: stored.recipients
        )
    }

    /// The rules of an environment, to be stored beside its marker.
    func stored(for environment: String) -> MarkerPolicy {
        let rules = rules(of: environment)
        return MarkerPolicy(
            isProduction: rules.isProduction,
            requiresEncryption: rules.requiresEncryption,
            recipients: rules.recipients
        )
    }
}
