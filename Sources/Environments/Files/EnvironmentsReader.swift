/// Makes an `EnvironmentsFile` of its JSON, and keeps what it does not know as findings.
struct EnvironmentsReader {
    private var findings: [FileFinding] = []

    mutating func file(_ text: JSONText) throws -> EnvironmentsFile {
        let root = try text.root.object()
        var file = EnvironmentsFile(path: text.path, environments: [])
        report(
            root,
            beside: ["environments", "current_environment", "migration_locking", "service", "schemas", "description"]
        )
        if let value = root["environments"] {
            file.environments = try value.object().members.map { try environment($0) }
            guard !file.environments.isEmpty else {
                throw value.error(
                    "declares no environment",
                    hint: "leave it out for development, staging and production"
                )
            }
        } else {
            file.environments = EnvironmentsFile.usual.environments
        }
        file.currentEnvironment = try root["current_environment"].map { try current($0, file) }
        if let value = root["migration_locking"] { file.locking = try locking(value) }
        file.service = try root["service"].map { try checked($0, NameRule.service) }
        file.schemas = try root["schemas"].map { value in
            let schemas = try value.array().map { try checked($0, NameRule.schema) }
            guard !schemas.isEmpty else {
                throw value.error("is an empty list", hint: "leave it out for the schema of the service's name")
            }
            return schemas
        }
        file.findings = findings
        return file
    }

    private mutating func environment(_ member: JSONObject.Member) throws -> DeclaredEnvironment {
        if let problem = NameRule.environment.problem(with: member.key) {
            throw EnvironmentsError(.invalidFile, "\(member.keyPlace): \(problem)", hint: NameRule.environment.hint)
        }
        let object = try member.value.object()
        report(object, beside: ["description", "migrations", "seed_files", "config"])
        var environment = DeclaredEnvironment(member.key)
        environment.place = member.keyPlace
        environment.description = try object["description"]?.string()
        environment.migrations = try object["migrations"].map { try migrations($0) }
        environment.seedFiles = try object["seed_files"]?.array().map { try listed($0) } ?? []
        if let config = object["config"] { environment.policy = try policy(config) }
        return environment
    }

    private func migrations(_ value: JSONValue) throws -> DeclaredEnvironment.Migrations {
        switch value.content {
        case .string: .folder(try listed(value))
        case .array(let elements): .files(try elements.map { try listed($0) })
        default: throw value.mismatch("a list of files, or the name of a folder")
        }
    }

    private mutating func policy(_ value: JSONValue) throws -> EnvironmentPolicy {
        let object = try value.object()
        report(object, beside: EnvironmentPolicy.Flag.allCases.map(\.rawValue))
        var policy = EnvironmentPolicy()
        for flag in EnvironmentPolicy.Flag.allCases {
            guard let value = object[flag.rawValue] else { continue }
            policy.declared[flag] = value.place
            switch flag {
            case .allowDestructiveOperations: policy.allowsDestructiveOperations = try value.bool()
            case .skipValidation: policy.skipsValidation = try value.bool()
            case .autoRollbackOnFailure: policy.rollsBackOnFailure = try value.bool()
            case .requireApproval: policy.requiresApproval = try value.bool()
            case .maintenanceWindowRequired: policy.requiresMaintenanceWindow = try value.bool()
            case .backupRequired: policy.requiresBackup = try value.bool()
            case .maintenanceWindow:
                do {
                    policy.maintenanceWindow = try MaintenanceWindow(value.string())
                } catch let mistake as MaintenanceWindow.Mistake {
                    throw value.error(mistake.sentence, hint: mistake.hint)
                }
            }
        }
        return policy
    }

    private mutating func locking(_ value: JSONValue) throws -> MigrationLocking {
        let object = try value.object()
        report(object, beside: ["enabled", "timeout_seconds", "max_concurrent_migrations"])
        var locking = MigrationLocking()
        func number(_ key: String, atLeast least: Int) throws -> Int? {
            guard let value = object[key] else { return nil }
            let number = try value.int()
            guard (least...1_000_000).contains(number) else { throw value.mismatch("a number from \(least)") }
            return number
        }
        locking.isEnabled = try object["enabled"]?.bool() ?? locking.isEnabled
        locking.timeoutSeconds = try number("timeout_seconds", atLeast: 0) ?? locking.timeoutSeconds
        locking.maxConcurrentMigrations =
            try number("max_concurrent_migrations", atLeast: 1) ?? locking.maxConcurrentMigrations
        for member in object.members where !member.value.isNull { locking.declared[member.key] = member.value.place }
        return locking
    }

    private func current(_ value: JSONValue, _ file: EnvironmentsFile) throws -> DeclaredEnvironment.ListedName {
        let name = try listed(value)
        guard file.declares(name.text) else {
            throw value.error(
                "names an environment that is not declared",
                hint: "declared are \(file.names.joined(separator: ", "))"
            )
        }
        return name
    }

    private func listed(_ value: JSONValue) throws -> DeclaredEnvironment.ListedName {
        let text = try value.string()
        guard !text.isEmpty else { throw value.error("is empty", hint: "write a name, or leave it out") }
        return DeclaredEnvironment.ListedName(text, value.place)
    }

    private func checked(_ value: JSONValue, _ rule: NameRule) throws -> DeclaredEnvironment.ListedName {
        let name = try listed(value)
        if let problem = rule.problem(with: name.text) { throw value.error("is no good: \(problem)", hint: rule.hint) }
        return name
    }

    /// A field that we do not know may be another tool's, or a slip of the pen in ours.
    private mutating func report(_ object: JSONObject, beside known: [String]) {
        for member in object.members where !known.contains(member.key) {
            let flags = EnvironmentPolicy.Flag.allCases.map(\.rawValue)
            findings.append(
                FileFinding(
                    member.keyPlace,
                    "the field \(member.key) is not known, and has no effect",
                    hint: flags.contains(member.key)
                        ? "it counts within the \"config\" of an environment"
                        : "known here are \(known.joined(separator: ", "))"
                )
            )
        }
    }
}
