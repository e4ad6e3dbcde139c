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
            let marker = Marker(try schema.examined(session, [.environment]))
            return (
                marker: try marker.read(session), stored: try marker.policy(session),
                isHidden: try marker.isHidden(session), isEmpty: try marker.isEmpty(session),
                damage: try marker.damage(session)
            )
        }
        if let damage = found.damage {
            console.note("\(damage.message), so the database counts as unmarked; \(damage.remedy)")
        }
        return Guard.Situation(
            choice: try choice(marker: found.marker.name),
            marker: found.marker,
            stored: found.stored,
            isHidden: found.isHidden,
            isDamaged: found.damage != nil,
            isEmpty: found.isEmpty,
            isLocal: database.isLocal,
            database: database.name,
            declared: database.environments
        )
    }

    private func choice(marker: String?) throws -> EnvironmentChoice? {
        try EnvironmentChoice.resolve(
            option: database.environmentOption,
            from: OptionVariables.used["env"],
            variables: console.environment,
            marker: marker,
            file: database.environments
        )
    }

    /// Permits a command to write, and marks the database if that is safe.
    ///
    /// - Returns: The environment of the database, and the rules that are stored in it.
    /// - Throws: `EnvironmentsError` with `.refused`.
    func admit() async throws -> (environment: String, policy: MarkerPolicy?) {
        let situation = try await situation()
        let admission = try Guard.admit(situation)
        let policy = admission.marks ? kept(from: situation) : situation.policy
        if admission.marks {
            try await withSession(database.address, logger: console.logger) { [schema] session in
                try Marker(schema).write(admission.environment, policy: policy, &session)
            }
            console.note("marked \(database.name) as \(admission.environment)")
        }
        noteUnknownRules(of: admission.environment)
        return (admission.environment, policy)
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

// Encryption.
extension Gate {
    /// What the environments that the database may be say about the encryption of its backups: the chosen one, that of
    /// the marker, even if the database is a copy, and the rules beside the marker.
    ///
    /// A marker that cannot be read may require encryption. So unless an environment is named for this run, a backup is
    /// refused if `environments.json` requires encryption of any environment. If there is no such file, a note says that
    /// stored rules do not count.
    ///
    /// - Throws: `CommandError`, `EnvironmentsError` with `.refused`.
    func encryption() async throws -> EncryptionPolicy {
        let file = database.environments
        var choice = try choice(marker: nil)
        var (origin, stored): (String?, MarkerPolicy?) = (nil, nil)
        var (isUnread, isHidden) = (false, false)
        if database.exists {
            do {
                let situation = try await situation()
                (choice, origin, stored) = (situation.choice, situation.marker.origin, situation.stored)
                isHidden = situation.isHidden
                isUnread = isHidden || situation.isDamaged && origin == nil
            } catch let error as BookkeepingError {
                // A backup matters more than the order in granary's own tables.
                console.note("note: \(error.message); the strictest of its rules of encryption count")
                isUnread = true
                stored = try await withSession(database.address, logger: console.logger) { [schema] session in
                    try session.refuseViews()
                    return try Marker(schema).policy(session)
                }
            }
        }
        if isUnread, choice?.source.isExplicit != true, stored?.requiresEncryption != true {
            try requireNoEncryption(isHidden: isHidden)
        }
        let names = [origin, choice?.name].compactMap(\.self)
        for name in names { try file.requireRulesInPlace([.encrypted, .recipients], of: name) }
        // The stored rules hold even if no file declares the environment of the marker.
        let rules = stored.map { $0.rules(of: names.first ?? database.name) }
        return EncryptionPolicy(names.map(file.rules) + [rules].compactMap(\.self))
    }

    private func requireNoEncryption(isHidden: Bool) throws {
        let table = "\(schema.name).environment"
        let grant = "`granary init --grant ROLE`, run by the owner, lets a role read it"
        guard database.environments.environments.contains(where: \.requiresEncryption) else {
            // Where no file declares rules, backups by roles with few privileges are more usual than stored rules.
            if isHidden, database.environments.path == nil {
                console.note(
                    "note: \(table) cannot be read, so rules of encryption that it may hold do not count; \(grant)"
                )
            }
            return
        }
        throw CommandError(
            .refused,
            "\(table) cannot be read, so it is unknown whether backups must be encrypted",
            hint: "name the environment with --env, or give --recipient; "
                + (isHidden ? grant : "`granary env mark NAME --force` creates it again")
        )
    }

    /// The rules of encryption that a copy keeps when it gets its own marker, because its data are as secret as before;
    /// nil if there are none.
    private func kept(from situation: Guard.Situation) -> MarkerPolicy? {
        let origin = situation.marker.origin
        let stored = situation.stored.map { $0.rules(of: origin ?? "") }
        let rules = EncryptionPolicy([stored, origin.map(database.environments.rules)].compactMap(\.self))
        guard rules.requiredBy != nil || !rules.recipients.isEmpty else { return nil }
        return MarkerPolicy(
            isProduction: false,
            requiresEncryption: rules.requiredBy != nil,
            recipients: rules.recipients
        )
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
