internal import Storage

// The files that describe a service. Each value is read together with its line.
//
//     environment     development, staging, production, or another name
//     policy          the rules of an environment
//     service         the owner of some schemas, with its migrations and seeds
//     window          the times at which an environment may be migrated

/// `environments.json`: the declared environments and their rules.
package struct EnvironmentsFile: Sendable {
    package struct Locking: Sendable, Equatable {
        package var isEnabled = true
        package var timeoutSeconds = 300
        package var maxConcurrentMigrations = 1
    }

    /// nil if there is no file; then the three default environments apply.
    package var path: String?
    /// The folder of the file; nil without one.
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
    /// Possibly misspelled fields, which `validate` reports.
    package private(set) var unknownFields: [UnknownField] = []
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

    /// The environments without a file.
    package static var usual: EnvironmentsFile {
        EnvironmentsFile(path: nil, environments: usualNames.map(EnvironmentPolicy.init))
    }

    private init(path: String?, environments: [EnvironmentPolicy]) {
        self.path = path
        self.environments = environments
    }

    /// Reads `<folder>/environments.json`, else `./environments.json`. Without either, the three default environments
    /// apply.
    ///
    /// - Throws: `EnvironmentsError` with `.file`, naming the line.
    package static func read(migrations folder: String) throws(EnvironmentsError) -> EnvironmentsFile {
        for path in ["\(folder)/environments.json", "environments.json"] {
            if let text = try JSONText.read(path) { return try EnvironmentsFile(text) }
        }
        return .usual
    }

    /// - Throws: `EnvironmentsError` with `.file`, naming the line of the first problem.
    package init(_ text: JSONText) throws(EnvironmentsError) {
        let (file, reading) = Self.reading(text)
        try reading.requireNoProblem()
        self = file
    }

    /// The valid part of the file, and all errors.
    package static func reading(_ text: JSONText) -> (file: EnvironmentsFile, reading: JSONReading) {
        var reading = JSONReading()
        guard case .object = text.root.value else {
            reading.note(text.root.mismatch("an object"))
            return (.usual, reading)
        }
        var file = EnvironmentsFile(path: text.path, environments: [])
        for member in reading.members(text.root) { file.read(member, &reading) }
        file.misplacedRules = MisplacedRule.all(in: text.root)
        file.unknownFields = reading.unknownFields
        if file.environments.isEmpty { file.environments = usualNames.map(EnvironmentPolicy.init) }
        if let current = file.currentEnvironment, file.policy(current) == nil {
            let error = EnvironmentsError(
                .file,
                at: text.root["current_environment"]?.place ?? FilePlace(text.path),
                "current_environment is \(current), which is not declared",
                hint: "declared are \(file.names.joined(separator: ", "))"
            )
            reading.note(error, .unknownEnvironment)
            file.currentEnvironment = nil
        }
        return (file, reading)
    }

    private mutating func read(_ member: JSONMember, _ reading: inout JSONReading) {
        let node = member.value
        switch member.key {
        case "environments": environments = reading.members(node).compactMap { policy($0, &reading) }
        case "current_environment": currentEnvironment = reading.text(node)
        case "service": service = reading.text(node)
        case "schemas": schemas = reading.texts(node)
        case "beside": beside = reading.texts(node) ?? []
        case "migration_locking":
            locking.isEnabled = reading.flag(node["enabled"]) ?? true
            locking.timeoutSeconds = reading.count(node["timeout_seconds"]) ?? 300
            locking.maxConcurrentMigrations = reading.count(node["max_concurrent_migrations"]) ?? 1
            reading.noteUnknownFields(of: node, known: ["enabled", "timeout_seconds", "max_concurrent_migrations"])
        case "$schema", "description", "version", "//": break
        default:
            let known = ["environments", "current_environment", "service", "schemas", "beside", "migration_locking"]
            reading.noteUnknown(member, known: known)
        }
    }

    /// An environment's name must be usable as a folder name.
    private func noteFolderName(_ member: JSONMember, _ reading: inout JSONReading) -> Bool {
        let name = member.key
        let isPlain = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != "/" }
        guard isPlain, !name.isEmpty, name != ".", name != "..", name.utf8.count <= 63 else {
            let place = FilePlace(path ?? "", line: member.line)
            let shown = name.unicodeScalars.filter { $0.properties.generalCategory != .control }
            let why = "cannot be the name of an environment, because it cannot be that of a folder"
            reading.note(
                EnvironmentsError(.file, at: place, "this \(why)"),
                refusal: EnvironmentsError(
                    .file,
                    at: place,
                    "\"\(String(String.UnicodeScalarView(shown)))\" \(why)",
                    hint: "take letters, digits, - and _"
                )
            )
            return false
        }
        return true
    }

    private func policy(_ member: JSONMember, _ reading: inout JSONReading) -> EnvironmentPolicy? {
        guard noteFolderName(member, &reading) else { return nil }
        let node = member.value
        guard case .object = node.value else {
            reading.note(node.mismatch("an object"))
            return nil
        }
        var policy = EnvironmentPolicy(name: member.key)
        policy.line = member.line
        policy.details = reading.text(node["description"])
        if let migrations = node["migrations"] {
            if case .string(let folder) = migrations.value {
                policy.migrations = .folder(folder)
            } else {
                policy.migrations = reading.texts(migrations).map { .files($0) }
            }
        }
        policy.seedFiles = reading.texts(node["seed_files"]) ?? []
        let known = ["description", "migrations", "seed_files", "config", "extends", "name"]
        reading.noteUnknownFields(of: node, known: known)
        if let config = node["config"] { policy.read(config, &reading) }
        return policy
    }
}

extension EnvironmentsFile {
    /// - Throws: `EnvironmentsError` with `.refused` and the line, if one of the rules has no effect. A command that
    ///   depends on the rule must not continue without it.
    package func requireRulesInPlace(_ keys: Set<PolicyKey>, of environment: String) throws(EnvironmentsError) {
        guard let rule = misplaced(keys, of: environment).first else { return }
        throw EnvironmentsError(
            .refused,
            "\(path ?? "environments.json"):\(rule.line): \(rule.message)",
            hint: rule.hint
        )
    }

    /// The misplaced rules that would affect an environment if they were in `config`.
    package func misplaced(_ keys: Set<PolicyKey>, of environment: String) -> [MisplacedRule] {
        misplacedRules.filter { keys.contains($0.key) && ($0.environment ?? environment) == environment }
    }
}

extension EnvironmentPolicy.NewestRows {
    /// - Throws: `EnvironmentsError` with `.file` and the line.
    fileprivate init(_ column: String, _ node: JSONNode) throws(EnvironmentsError) {
        guard (2...3).contains(column.split(separator: ".", omittingEmptySubsequences: false).count) else {
            throw EnvironmentsError(
                .file,
                at: node.place,
                "\(node.trail) does not name a column",
                hint: "write table.column or schema.table.column, such as \"orders.created_at\": \"1h\""
            )
        }
        self.init(column: column, ageMax: try node.duration(), line: node.line)
    }
}

extension EnvironmentPolicy {
    fileprivate mutating func read(_ config: JSONNode, _ reading: inout JSONReading) {
        func flag(_ key: PolicyKey, _ usual: Bool) -> Bool { reading.flag(config[key.rawValue]) ?? usual }
        if let production = reading.flag(config["production"]) {
            if isProduction, !production { deniedProductionLine = config["production"]?.line }
            isProduction = production
        }
        allowsDestructiveOperations = flag(.allowDestructiveOperations, true)
        skipsValidation = flag(.skipValidation, false)
        rollsBackOnFailure = flag(.autoRollbackOnFailure, false)
        requiresApproval = flag(.requireApproval, false)
        requiresWindow = flag(.maintenanceWindowRequired, false)
        requiresBackup = flag(.backupRequired, false)
        requiresEncryption = flag(.encrypted, false)
        recipients =
            reading.list(config["recipients"]) { node throws(EnvironmentsError) in
                let text = try node.text()
                guard !SecretKeyText.isContained(in: text) else {
                    throw EnvironmentsError(
                        .file,
                        at: node.place,
                        "\(node.trail) is an identity of age, which is secret; a recipient is wanted",
                        hint: "`granary key recipient` prints its recipient; make a new identity if others saw the file"
                    )
                }
                return text
            } ?? []
        allowsDrills = flag(.drills, false)
        newestRows = reading.members(config[PolicyKey.newestRows.rawValue]).compactMap { member in
            reading.value(member.value) { node throws(EnvironmentsError) in
                try EnvironmentPolicy.NewestRows(member.key, node)
            }
        }
        keep = config[PolicyKey.keep.rawValue].flatMap { Keep.read($0, &reading) }
        if let lint = config["lint"] {
            self.lint.enable = reading.texts(lint["enable"]) ?? []
            self.lint.disable = reading.texts(lint["disable"]) ?? []
            self.lint.line = lint.line
            reading.noteUnknownFields(of: lint, known: ["enable", "disable"])
        }
        window = reading.value(config["maintenance_window"]) { node throws(EnvironmentsError) in
            let text = try node.text()
            do throws(EnvironmentsError) {
                return try MaintenanceWindow(text)
            } catch {
                throw EnvironmentsError(.file, at: node.place, "\(node.trail): \(error.message)", hint: error.hint)
            }
        }
        reading.noteUnknownFields(of: config, known: PolicyKey.allCases.map(\.rawValue))
    }
}
