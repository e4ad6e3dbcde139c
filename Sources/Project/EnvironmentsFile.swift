internal import Storage

/// `environments.json`: the environments there are, and what may be done in each.
package struct EnvironmentsFile: Sendable {
    package struct Locking: Sendable, Equatable {
        package var isEnabled = true
        package var timeoutSeconds = 300
        package var maxConcurrentMigrations = 1
    }

    /// Fields that nobody knows: perhaps misspelled, which `validate` tells.
    package struct UnknownField: Sendable, Equatable {
        package var trail: String
        package var line: Int

        package init(trail: String, line: Int) {
            self.trail = trail
            self.line = line
        }
    }

    /// nil where there is no file, and the usual three environments are meant.
    package var path: String?
    /// Where the file is; nil without one.
    package var folder: String? {
        path.map { path in path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "." }
    }
    package var environments: [EnvironmentPolicy]
    package var currentEnvironment: String?
    package var service: String?
    package var schemas: [String]?
    /// Ledgers of other tools that belong to other services, `public.schema_migrations`: migrations run beside them.
    package var beside: [String] = []
    package var locking = Locking()
    package var unknownFields: [UnknownField] = []
    /// Rules that have no effect where they are written.
    package private(set) var misplacedRules: [MisplacedRule] = []

    package static let usualNames = ["development", "staging", "production"]

    package var names: [String] { environments.map(\.name) }

    package func policy(_ name: String) -> EnvironmentPolicy? { environments.first { $0.name == name } }

    /// The folder of each environment, relative to the folder of migrations.
    package var folders: [String: String] {
        Dictionary(
            environments.map { policy in
                guard case .folder(let folder) = policy.migrations else { return (policy.name, policy.name) }
                let parts = folder.split(separator: "/").filter { $0 != "." }
                return (
                    policy.name,
                    parts.first == "migrations"
                        ? parts.dropFirst().joined(separator: "/") : parts.joined(separator: "/")
                )
            },
            uniquingKeysWith: { one, _ in one }
        )
    }

    /// What there is without a file.
    package static var usual: EnvironmentsFile {
        EnvironmentsFile(path: nil, environments: usualNames.map(EnvironmentPolicy.init))
    }

    private init(path: String?, environments: [EnvironmentPolicy]) {
        self.path = path
        self.environments = environments
    }

    /// Reads `<folder>/environments.json`, else `./environments.json`; without either there are the usual three.
    ///
    /// - Throws: `EnvironmentsError` with `.file`, naming the line.
    package static func read(migrations folder: String) throws(EnvironmentsError) -> EnvironmentsFile {
        for path in ["\(folder)/environments.json", "environments.json"] {
            guard Files.exists(path) else { continue }
            // A file that cannot be read is not one that allows everything.
            guard let bytes = try? Files.bytes(of: path) else {
                throw EnvironmentsError(
                    .file,
                    "\(path) cannot be read",
                    hint: "look at its rights, and whether it is a file"
                )
            }
            return try EnvironmentsFile(JSONText(bytes, path: path))
        }
        return .usual
    }

    package init(_ text: JSONText) throws(EnvironmentsError) {
        self.init(path: text.path, environments: [])
        for member in try text.root.members() { try read(member) }
        misplacedRules = MisplacedRule.all(in: text.root)
        if environments.isEmpty { environments = Self.usualNames.map(EnvironmentPolicy.init) }
        if let current = currentEnvironment, policy(current) == nil {
            throw EnvironmentsError(
                .file,
                at: text.root["current_environment"]?.place ?? FilePlace(text.path),
                "current_environment is \(current), which is not declared",
                hint: "declared are \(names.joined(separator: ", "))"
            )
        }
    }

    private mutating func read(_ member: JSONMember) throws(EnvironmentsError) {
        let node = member.value
        switch member.key {
        case "environments":
            for member in try node.members() { environments.append(try policy(member)) }
        case "current_environment": currentEnvironment = try node.text()
        case "service": service = try node.text()
        case "schemas": schemas = try node.texts()
        case "beside": beside = try node.texts()
        case "migration_locking":
            if let value = node["enabled"] { locking.isEnabled = try value.bool() }
            if let value = node["timeout_seconds"] { locking.timeoutSeconds = try value.count() }
            if let value = node["max_concurrent_migrations"] { locking.maxConcurrentMigrations = try value.count() }
            try note(node, known: ["enabled", "timeout_seconds", "max_concurrent_migrations"])
        case "$schema", "description", "version", "//": break
        default: unknownFields.append(UnknownField(trail: node.trail, line: member.line))
        }
    }

    private mutating func note(_ node: JSONNode, known: Set<String>) throws(EnvironmentsError) {
        for member in try node.members() where !known.contains(member.key) {
            unknownFields.append(UnknownField(trail: member.value.trail, line: member.line))
        }
    }

    /// Each environment may have a folder of its name.
    private func requireFolderName(_ member: JSONMember) throws(EnvironmentsError) {
        let name = member.key
        let isPlain = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != "/" }
        guard isPlain, !name.isEmpty, name != ".", name != "..", name.utf8.count <= 63 else {
            throw EnvironmentsError(
                .file,
                "\(path ?? ""):\(member.line): \"\(String(String.UnicodeScalarView(name.unicodeScalars.filter { $0.properties.generalCategory != .control })))\" cannot be the name of an environment, "
                    + "because it cannot be that of a folder",
                hint: "take letters, digits, - and _"
            )
        }
    }

    private mutating func policy(_ member: JSONMember) throws(EnvironmentsError) -> EnvironmentPolicy {
        try requireFolderName(member)
        var policy = EnvironmentPolicy(name: member.key)
        policy.line = member.line
        let node = member.value
        policy.details = try node["description"]?.text()
        if let migrations = node["migrations"] {
            if case .string(let folder) = migrations.value {
                policy.migrations = .folder(folder)
            } else {
                policy.migrations = .files(try migrations.texts())
            }
        }
        policy.seedFiles = try node["seed_files"]?.texts() ?? []
        try note(node, known: ["description", "migrations", "seed_files", "config", "extends", "name"])
        guard let config = node["config"] else { return policy }
        func flag(_ name: String, _ usual: Bool) throws(EnvironmentsError) -> Bool { try config[name]?.bool() ?? usual }
        if let production = try config["production"]?.bool() {
            if policy.isProduction, !production { policy.deniedProductionLine = config["production"]?.line }
            policy.isProduction = production
        }
        policy.allowsDestructiveOperations = try flag("allow_destructive_operations", true)
        policy.skipsValidation = try flag("skip_validation", false)
        policy.rollsBackOnFailure = try flag("auto_rollback_on_failure", false)
        policy.requiresApproval = try flag("require_approval", false)
        policy.requiresWindow = try flag("maintenance_window_required", false)
        policy.requiresBackup = try flag("backup_required", false)
        if let lint = config["lint"] {
            policy.lint.enable = try lint["enable"]?.texts() ?? []
            policy.lint.disable = try lint["disable"]?.texts() ?? []
            policy.lint.line = lint.line
            try note(lint, known: ["enable", "disable"])
        }
        if let window = config["maintenance_window"] {
            do {
                policy.window = try MaintenanceWindow(window.text())
            } catch {
                throw EnvironmentsError(.file, at: window.place, "\(window.trail): \(error.message)", hint: error.hint)
            }
        }
        try note(config, known: Set(PolicyKey.allCases.map(\.rawValue)))
        return policy
    }
}
