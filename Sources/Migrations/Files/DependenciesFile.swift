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

    /// nil where there is no such file.
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

    package var path: String { text?.path ?? "dependencies.json" }

    package func entry(_ version: Int) -> Entry? { places[version].map { entries[$0] } }

    /// A field of an entry, with its place.
    package func node(_ field: String, of entry: Entry) -> JSONNode? { entry.node[field] }

    /// Where a field of an entry is, or where the entry begins that lacks it.
    package func line(of field: String, in entry: Entry) -> Int { node(field, of: entry)?.line ?? entry.line }

    /// `migrations/dependencies.json:12`, or the file alone.
    func place(_ version: Int) -> FilePlace { FilePlace(path, line: entry(version)?.line) }

    package init() {}

    /// - Throws: `EnvironmentsError` with `.file`, naming the line.
    package static func read(migrations folder: String) throws(EnvironmentsError) -> DependenciesFile {
        let path = "\(folder)/dependencies.json"
        guard Files.exists(path) else { return DependenciesFile() }
        // A file that cannot be read is not one that allows everything.
        guard let bytes = try? Files.bytes(of: path) else {
            throw EnvironmentsError(
                .file,
                "\(path) cannot be read",
                hint: "look at its rights, and whether it is a file"
            )
        }
        return try DependenciesFile(JSONText(bytes, path: path))
    }

    /// What can be read of the file, and what is wrong with the rest, each with its place.
    static func readWhatCanBe(migrations folder: String) -> (file: DependenciesFile, faults: [String]) {
        do {
            return (try read(migrations: folder), [])
        } catch let error {
            let path = "\(folder)/dependencies.json"
            guard let bytes = try? Files.bytes(of: path), let text = try? JSONText(bytes, path: path)
            else { return (DependenciesFile(), ["\(error)"]) }
            var file = DependenciesFile()
            file.text = text
            let faults = file.readEntries(text)
            return (file, faults.isEmpty ? ["\(error)"] : faults)
        }
    }

    /// Of an entry in which something is wrong, what it depends on.
    private mutating func readEntries(_ text: JSONText) -> [String] {
        var faults: [String] = []
        guard let members = try? text.root["migrations"]?.members() else { return [] }
        for member in members {
            do {
                entries.append(try entry(member))
            } catch {
                faults.append("\(error)")
                guard let version = Migration.version(spelled: member.key) else { continue }
                var entry = Entry(key: member.key, version: version, line: member.line, node: member.value)
                entry.dependsOn = (try? versions(member.value["depends_on"])) ?? []
                for cross in (try? member.value["cross_service_depends_on"]?.members()) ?? [] {
                    entry.crossService[cross.key] = (try? versions(cross.value)) ?? []
                }
                entries.append(entry)
            }
        }
        for (index, entry) in entries.enumerated() where places.updateValue(index, forKey: entry.version) != nil {
            faults.append("\(path):\(entry.line): \(entry.key) is the second entry of migration \(entry.version)")
        }
        return faults
    }

    package init(_ text: JSONText) throws(EnvironmentsError) {
        self.text = text
        for member in try text.root.members() {
            switch member.key {
            case "migrations":
                for member in try member.value.members() { entries.append(try entry(member)) }
            case "global_config": try readConfig(member.value)
            case "$schema", "description", "version", "service", "//": break
            default: unknownFields.append(.init(trail: member.value.trail, line: member.line))
            }
        }
        misplacedRules = MisplacedRule.inDependencies(text.root)
        for (index, entry) in entries.enumerated() where places.updateValue(index, forKey: entry.version) != nil {
            throw EnvironmentsError(
                .file,
                at: FilePlace(path, line: entry.line),
                "\(entry.key) is the second entry of migration \(entry.version)",
                hint: "keep one of the two"
            )
        }
    }

    private mutating func readConfig(_ node: JSONNode) throws(EnvironmentsError) {
        maxParallelMigrations = try node["max_parallel_migrations"]?.count() ?? 1
        requiresApprovalForHighRisk = try node["require_approval_for_high_risk"]?.bool() ?? false
        backsUpBeforeDestruction = try node["auto_backup_before_destructive"]?.bool() ?? false
        validatesAfterwards = try node["validate_after_migration"]?.bool() ?? false
        let known: Set = [
            "max_parallel_migrations", "require_approval_for_high_risk", "auto_backup_before_destructive",
            "validate_after_migration",
        ]
        for member in try node.members() where !known.contains(member.key) {
            unknownFields.append(.init(trail: member.value.trail, line: member.line))
        }
    }

    private mutating func entry(_ member: JSONMember) throws(EnvironmentsError) -> Entry {
        let node = member.value
        guard let version = Migration.version(spelled: member.key) else {
            throw EnvironmentsError(
                .file,
                at: FilePlace(path, line: member.line),
                "the key \(member.key) names no migration",
                hint: "write its number, such as \"000001\" or \"000001_initial\""
            )
        }
        var entry = Entry(key: member.key, version: version, line: member.line, node: node)
        entry.details = try node["description"]?.text()
        entry.dependsOn = try versions(node["depends_on"])
        if let cross = node["cross_service_depends_on"] {
            for member in try cross.members() { entry.crossService[member.key] = try versions(member.value) }
        }
        entry.affectsTables = try node["affects_tables"]?.texts()
        entry.estimatedDuration = try node["estimated_duration"]?.text()
        if let risk = node["risk_level"] {
            guard let level = try Risk(rawValue: risk.text()) else {
                throw risk.mismatch(among: ["low", "medium", "high"])
            }
            entry.risk = level
        }
        entry.rollbackSafe = try node["rollback_safe"]?.bool()
        entry.environment = try node["environment"]?.text()
        entry.migrationType = try node["migration_type"]?.text()
        if let approval = node["approved"] {
            entry.approval = Approval(
                sha256: try approval["sha256"]?.text() ?? "",
                by: try approval["by"]?.text() ?? "",
                at: try approval["at"]?.text() ?? ""
            )
        }
        let known: Set = [
            "description", "depends_on", "cross_service_depends_on", "affects_tables", "estimated_duration",
            "risk_level", "rollback_safe", "environment", "migration_type", "created_at", "approved", "name", "author",
        ]
        for member in try node.members() where !known.contains(member.key) {
            unknownFields.append(.init(trail: member.value.trail, line: member.line))
        }
        return entry
    }

    private func versions(_ node: JSONNode?) throws(EnvironmentsError) -> [Int] {
        guard let node else { return [] }
        var versions: [Int] = []
        for element in try node.elements() {
            guard let version = Migration.version(spelled: try element.text()) else {
                throw element.mismatch("the number of a migration")
            }
            versions.append(version)
        }
        return versions
    }
}
