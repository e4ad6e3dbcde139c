package import Project
package import SQLText
internal import Storage

/// `dependencies.json`: declarations about each migration, and settings for all of them.
package struct DependenciesFile: Sendable {
    package struct Entry: Sendable {
        /// The key as it is written: `000001` or `000001_initial`.
        package var key: String
        package var version: Int
        package var line: Int
        package var details: String?
        package var dependsOn: [Int] = []
        /// The versions that the migration needs in other services, by the name of the service.
        package var crossService: [String: [Int]] = [:]
        package var affectsTables: [String]?
        package var estimatedDuration: String?
        package var risk: Risk?
        package var rollbackSafe: Bool?
        package var environment: String?
        package var migrationType: String?
        package var approval: Approval?
        package var node: JSONNode

        /// The place of the object in the file, in bytes, for edits in place.
        package var range: Range<Int> { node.range }
    }

    /// The approval of a migration: it is valid only while the content of the file has this checksum.
    package struct Approval: Sendable, Equatable {
        package var sha256: String
        package var by: String
        package var at: String
    }

    /// nil if the file does not exist.
    package var text: JSONText?
    package private(set) var entries: [Entry] = []
    private var places: [Int: Int] = [:]
    package var maxParallelMigrations = 1
    package var requiresApprovalForHighRisk = false
    package var backsUpBeforeDestruction = false
    package var validatesAfterwards = false
    package var before = BeforeMigrations()
    /// The line of `before`, counted from 1.
    package private(set) var beforeLine = 1
    package private(set) var unknownFields: [UnknownField] = []
    /// Rules for environments, which have no effect in this file.
    package private(set) var misplacedRules: [MisplacedRule] = []

    package var path: String { text?.path ?? "dependencies.json" }

    package func entry(_ version: Int) -> Entry? { places[version].map { entries[$0] } }

    /// The value of a field of an entry; nil if the field is missing.
    package func node(_ field: String, of entry: Entry) -> JSONNode? { entry.node[field] }

    /// The line of a field; if the entry lacks the field, the line of the entry.
    package func line(of field: String, in entry: Entry) -> Int { node(field, of: entry)?.line ?? entry.line }

    /// `migrations/dependencies.json:12`, or the file alone.
    func place(_ version: Int) -> FilePlace { FilePlace(path, line: entry(version)?.line) }

    package init() {}

    /// - Throws: `EnvironmentsError` with `.file`, naming the line.
    package static func read(migrations folder: String) throws(EnvironmentsError) -> DependenciesFile {
        guard let text = try JSONText.read("\(folder)/dependencies.json") else { return DependenciesFile() }
        return try DependenciesFile(text)
    }

    /// Reads the valid part of the file. `faults` describes each problem in the rest, with its place.
    static func readWhatCanBe(migrations folder: String) -> (file: DependenciesFile, faults: [String]) {
        do {
            guard let text = try JSONText.read("\(folder)/dependencies.json") else { return (DependenciesFile(), []) }
            let (file, reading) = reading(text)
            return (file, reading.refusals.map { "\($0)" })
        } catch {
            return (DependenciesFile(), ["\(error)"])
        }
    }

    /// - Throws: `EnvironmentsError` with `.file` for the first problem, with its line.
    package init(_ text: JSONText) throws(EnvironmentsError) {
        let (file, reading) = Self.reading(text)
        try reading.requireNoProblem()
        self = file
    }

    /// Reads the valid part of the file, and collects all problems.
    package static func reading(_ text: JSONText) -> (file: DependenciesFile, reading: JSONReading) {
        var (file, reading) = (DependenciesFile(), JSONReading())
        guard case .object = text.root.value else {
            reading.note(text.root.mismatch("an object"))
            return (file, reading)
        }
        file.text = text
        var seconds: [(entry: Entry, first: Entry)] = []
        for member in reading.members(text.root) {
            switch member.key {
            case "migrations":
                for member in reading.members(member.value) {
                    guard let entry = file.entry(member, &reading) else { continue }
                    if let first = file.entry(entry.version) {
                        seconds.append((entry, first))
                    } else {
                        file.places[entry.version] = file.entries.count
                        file.entries.append(entry)
                    }
                }
            case "global_config": file.readConfig(member.value, &reading)
            case "before": file.readBefore(member.value, &reading)
            case "$schema", "description", "version", "service", "//": break
            default: reading.noteUnknown(member, known: ["migrations", "global_config", "before"])
            }
        }
        for (entry, first) in seconds { file.note(entry, after: first, &reading) }
        file.misplacedRules = MisplacedRule.inDependencies(text.root)
        file.unknownFields = reading.unknownFields
        return (file, reading)
    }

    /// Notes a second entry for the same migration: `000001` and `000001_initial` are the same key.
    private func note(_ entry: Entry, after first: Entry, _ reading: inout JSONReading) {
        var error = EnvironmentsError(
            .file,
            at: FilePlace(path, line: entry.line),
            "\(entry.key) is the second entry of migration \(entry.version)",
            hint: "keep one of the two"
        )
        let refusal = error
        error.message += ", after \(first.key) in line \(first.line)"
        reading.note(error, .duplicateEntry, refusal: refusal)
    }

    private mutating func readConfig(_ node: JSONNode, _ reading: inout JSONReading) {
        maxParallelMigrations = reading.count(node["max_parallel_migrations"]) ?? 1
        requiresApprovalForHighRisk = reading.flag(node["require_approval_for_high_risk"]) ?? false
        backsUpBeforeDestruction = reading.flag(node["auto_backup_before_destructive"]) ?? false
        validatesAfterwards = reading.flag(node["validate_after_migration"]) ?? false
        let known = [
            "max_parallel_migrations", "require_approval_for_high_risk", "auto_backup_before_destructive",
            "validate_after_migration",
        ]
        reading.noteUnknownFields(of: node, known: known)
    }

    private mutating func readBefore(_ node: JSONNode, _ reading: inout JSONReading) {
        beforeLine = node.line
        before.schemas = reading.texts(node["schemas"]) ?? []
        before.extensions = reading.texts(node["extensions"]) ?? []
        before.files = reading.texts(node["files"]) ?? []
        reading.noteUnknownFields(of: node, known: ["schemas", "extensions", "files"])
    }

    private func entry(_ member: JSONMember, _ reading: inout JSONReading) -> Entry? {
        let node = member.value
        guard let version = Migration.version(spelled: member.key) else {
            noteNoMigration(member, &reading)
            return nil
        }
        guard case .object = node.value else {
            reading.note(node.mismatch("an object"))
            return nil
        }
        var entry = Entry(key: member.key, version: version, line: member.line, node: node)
        entry.details = reading.text(node["description"])
        entry.dependsOn = reading.versions(node["depends_on"]) ?? []
        for member in reading.members(node["cross_service_depends_on"]) {
            entry.crossService[member.key] = reading.versions(member.value)
        }
        entry.affectsTables = reading.texts(node["affects_tables"])
        entry.estimatedDuration = reading.text(node["estimated_duration"])
        entry.risk = reading.risk(node["risk_level"])
        entry.rollbackSafe = reading.flag(node["rollback_safe"])
        entry.environment = reading.text(node["environment"])
        entry.migrationType = reading.text(node["migration_type"])
        entry.approval = node["approved"].map { reading.approval($0) }
        let known = [
            "description", "depends_on", "cross_service_depends_on", "affects_tables", "estimated_duration",
            "risk_level", "rollback_safe", "environment", "migration_type", "created_at", "approved", "name", "author",
        ]
        reading.noteUnknownFields(of: node, known: known)
        return entry
    }

    private func noteNoMigration(_ member: JSONMember, _ reading: inout JSONReading) {
        let place = FilePlace(path, line: member.line)
        let what = "the key \(member.key) names no migration"
        reading.note(
            EnvironmentsError(.file, at: place, "\(what); write its number, such as 000001"),
            refusal: EnvironmentsError(
                .file,
                at: place,
                what,
                hint: "write its number, such as \"000001\" or \"000001_initial\""
            )
        )
    }
}

extension JSONReading {
    /// Versions of migrations, in any spelling.
    fileprivate mutating func versions(_ node: JSONNode?) -> [Int]? {
        list(node) { element throws(EnvironmentsError) in
            guard let version = Migration.version(spelled: try element.text()) else {
                throw element.mismatch("the number of a migration")
            }
            return version
        }
    }

    fileprivate mutating func risk(_ node: JSONNode?) -> Risk? {
        guard let node else { return nil }
        let error = node.mismatch(among: ["low", "medium", "high"])
        guard case .string(let text) = node.value else {
            note(error, refusal: node.mismatch("text"))
            return nil
        }
        let risk = Risk(rawValue: text)
        if risk == nil { note(error) }
        return risk
    }

    /// A value that is not an object approves nothing, because its checksum is empty.
    fileprivate mutating func approval(_ node: JSONNode) -> DependenciesFile.Approval {
        if case .object = node.value {} else { note(node.mismatch("an object"), refusal: nil) }
        return DependenciesFile.Approval(
            sha256: text(node["sha256"]) ?? "",
            by: text(node["by"]) ?? "",
            at: text(node["at"]) ?? ""
        )
    }
}
