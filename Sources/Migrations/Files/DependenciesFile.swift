package import Project
package import SQLText
internal import Storage

/// `dependencies.json`: what is said of each migration, and of all.
package struct DependenciesFile: Sendable {
    package struct Entry: Sendable {
        /// The key as it is written: `000001` or `000001_initial`.
        package var key: String
        package var version: Int
        package var line: Int
        package var details: String?
        package var dependsOn: [Int] = []
        /// By the name of the service.
        package var crossService: [String: [Int]] = [:]
        package var affectsTables: [String]?
        package var estimatedDuration: String?
        package var risk: Risk?
        package var rollbackSafe: Bool?
        package var environment: String?
        package var migrationType: String?
        package var approval: Approval?
        package var node: JSONNode

        /// Of the object, in bytes of the file, for edits in place.
        package var range: Range<Int> { node.range }
    }

    /// Who has read a migration and said yes to exactly that content.
    package struct Approval: Sendable, Equatable {
        package var sha256: String
        package var by: String
        package var at: String
    }

    /// Something in the file that is not as it should be, and is left out of what is read.
    package enum Problem: Sendable {
        /// A value of another form.
        case mismatch(EnvironmentsError)
        /// An approval of another form, which for a run is one of no content.
        case approval(EnvironmentsError)
        /// A key that names no migration.
        case key(JSONMember)
        /// Another entry of a migration.
        case second(Entry, after: Entry)
    }

    /// nil if there is no such file.
    package var text: JSONText?
    package private(set) var entries: [Entry] = []
    private var places: [Int: Int] = [:]
    package var maxParallelMigrations = 1
    package var requiresApprovalForHighRisk = false
    package var backsUpBeforeDestruction = false
    package var validatesAfterwards = false
    package var unknownFields: [EnvironmentsFile.UnknownField] = []
    /// Rules of environments, which have no effect in this file.
    package private(set) var misplacedRules: [MisplacedRule] = []
    /// In the order of the document, second entries last.
    package private(set) var problems: [Problem] = []

    package var path: String { text?.path ?? "dependencies.json" }

    package func entry(_ version: Int) -> Entry? { places[version].map { entries[$0] } }

    /// A field of an entry, with its place.
    package func node(_ field: String, of entry: Entry) -> JSONNode? { entry.node[field] }

    /// Where a field of an entry is, or where the entry begins that lacks it.
    package func line(of field: String, in entry: Entry) -> Int { node(field, of: entry)?.line ?? entry.line }

    /// `migrations/dependencies.json:12`, or the file alone.
    func place(_ version: Int) -> FilePlace { FilePlace(path, line: entry(version)?.line) }

    package init() {}

    /// Reads the file of a folder for a run: the first problem is thrown.
    ///
    /// - Throws: `EnvironmentsError` with `.file`, naming the line.
    package static func read(migrations folder: String) throws(EnvironmentsError) -> DependenciesFile {
        guard let text = try text(migrations: folder) else { return DependenciesFile() }
        return try DependenciesFile(text)
    }

    /// What can be read of the file, and what is wrong with the rest, each with its place.
    static func readWhatCanBe(migrations folder: String) -> (file: DependenciesFile, faults: [String]) {
        do {
            guard let text = try text(migrations: folder) else { return (DependenciesFile(), []) }
            let file = DependenciesFile(reading: text)
            return (file, file.problems.compactMap(\.error).map { "\($0)" })
        } catch {
            return (DependenciesFile(), ["\(error)"])
        }
    }

    /// nil if there is no such file.
    private static func text(migrations folder: String) throws(EnvironmentsError) -> JSONText? {
        let path = "\(folder)/dependencies.json"
        guard Files.exists(path) else { return nil }
        // A file that cannot be read is not one that allows everything.
        guard let bytes = try? Files.bytes(of: path) else {
            throw EnvironmentsError(
                .file,
                "\(path) cannot be read",
                hint: "look at its rights, and whether it is a file"
            )
        }
        return try JSONText(bytes, path: path)
    }

    /// - Throws: The first problem.
    package init(_ text: JSONText) throws(EnvironmentsError) {
        self.init(reading: text)
        if let error = problems.lazy.compactMap(\.error).first { throw error }
    }

    /// Reads what is as it should be, and collects problems.
    package init(reading text: JSONText) {
        self.text = text
        for member in value(text.root, JSONNode.members) ?? [] {
            switch member.key {
            case "migrations": readEntries(member.value)
            case "global_config": readConfig(member.value)
            case "$schema", "description", "version", "service", "//": break
            default: unknownFields.append(.init(trail: member.value.trail, line: member.line))
            }
        }
        misplacedRules = MisplacedRule.inDependencies(text.root)
        var kept: [Entry] = []
        for entry in entries {
            if let first = places[entry.version] {
                problems.append(.second(entry, after: kept[first]))
            } else {
                places[entry.version] = kept.count
                kept.append(entry)
            }
        }
        entries = kept
    }
}

extension DependenciesFile.Problem {
    /// What keeps a run from starting; nil for what it passes over.
    var error: EnvironmentsError? {
        switch self {
        case .mismatch(let error): error
        case .approval: nil
        case .key(let member):
            EnvironmentsError(
                .file,
                at: FilePlace(member.value.path, line: member.line),
                "the key \(member.key) names no migration",
                hint: "write its number, such as \"000001\" or \"000001_initial\""
            )
        case .second(let entry, _):
            EnvironmentsError(
                .file,
                at: FilePlace(entry.node.path, line: entry.line),
                "\(entry.key) is the second entry of migration \(entry.version)",
                hint: "keep one of the two"
            )
        }
    }
}

// Field by field.
extension DependenciesFile {
    private static let configFields = [
        "auto_backup_before_destructive", "max_parallel_migrations", "require_approval_for_high_risk",
        "validate_after_migration",
    ]
    private static let entryFields = [
        "affects_tables", "approved", "author", "created_at", "cross_service_depends_on", "depends_on", "description",
        "environment", "estimated_duration", "migration_type", "name", "risk_level", "rollback_safe",
    ]

    /// The names of fields at a place, for guesses at what was meant.
    package static func fields(at trail: [Substring]) -> [String] {
        switch (trail.first, trail.count) {
        case (nil, _): ["global_config", "migrations"]
        case ("global_config", 1): configFields
        case ("migrations", 2): entryFields
        default: []
        }
    }

    private mutating func readConfig(_ node: JSONNode) {
        maxParallelMigrations = value(node["max_parallel_migrations"], JSONNode.count) ?? 1
        requiresApprovalForHighRisk = value(node["require_approval_for_high_risk"], JSONNode.bool) ?? false
        backsUpBeforeDestruction = value(node["auto_backup_before_destructive"], JSONNode.bool) ?? false
        validatesAfterwards = value(node["validate_after_migration"], JSONNode.bool) ?? false
        noteUnknown(in: node, known: Self.configFields)
    }

    private mutating func readEntries(_ node: JSONNode) {
        for member in value(node, JSONNode.members) ?? [] {
            if let version = Migration.version(spelled: member.key) {
                if let entry = entry(member, version) { entries.append(entry) }
            } else {
                problems.append(.key(member))
            }
        }
    }

    private mutating func entry(_ member: JSONMember, _ version: Int) -> Entry? {
        let node = member.value
        guard value(node, JSONNode.members) != nil else { return nil }
        var entry = Entry(key: member.key, version: version, line: member.line, node: node)
        entry.details = value(node["description"], JSONNode.text)
        entry.dependsOn = list(node["depends_on"], JSONNode.version) ?? []
        for member in value(node["cross_service_depends_on"], JSONNode.members) ?? [] {
            entry.crossService[member.key] = list(member.value, JSONNode.version)
        }
        entry.affectsTables = list(node["affects_tables"], JSONNode.text)
        entry.estimatedDuration = value(node["estimated_duration"], JSONNode.text)
        entry.risk = value(node["risk_level"], JSONNode.risk)
        entry.rollbackSafe = value(node["rollback_safe"], JSONNode.bool)
        entry.environment = value(node["environment"], JSONNode.text)
        entry.migrationType = value(node["migration_type"], JSONNode.text)
        entry.approval = node["approved"].map { approval($0) }
        noteUnknown(in: node, known: Self.entryFields)
        return entry
    }

    private mutating func approval(_ node: JSONNode) -> Approval {
        if case .object = node.value {} else { problems.append(.approval(node.mismatch("an object"))) }
        return Approval(
            sha256: value(node["sha256"], JSONNode.text) ?? "",
            by: value(node["by"], JSONNode.text) ?? "",
            at: value(node["at"], JSONNode.text) ?? ""
        )
    }

    private mutating func noteUnknown(in node: JSONNode, known: [String]) {
        for member in value(node, JSONNode.members) ?? [] where !known.contains(member.key) {
            unknownFields.append(.init(trail: member.value.trail, line: member.line))
        }
    }

    /// nil if there is none, or one of another form.
    private mutating func value<T>(
        _ node: JSONNode?,
        _ read: (JSONNode) -> () throws(EnvironmentsError) -> T
    ) -> T? {
        guard let node else { return nil }
        do {
            return try read(node)()
        } catch {
            problems.append(.mismatch(error))
            return nil
        }
    }

    /// Without elements of another form.
    private mutating func list<T>(
        _ node: JSONNode?,
        _ read: (JSONNode) -> () throws(EnvironmentsError) -> T
    ) -> [T]? {
        value(node, JSONNode.elements)?.compactMap { value($0, read) }
    }
}

extension JSONNode {
    fileprivate func version() throws(EnvironmentsError) -> Int {
        guard let version = Migration.version(spelled: try text()) else { throw mismatch("the number of a migration") }
        return version
    }

    fileprivate func risk() throws(EnvironmentsError) -> Risk {
        guard case .string(let text) = value, let risk = Risk(rawValue: text) else {
            throw mismatch(among: ["low", "medium", "high"])
        }
        return risk
    }
}
