internal import Migrations
internal import Project
internal import SQLText

/// Compares both JSON files with the folder: entries without a file, and files without an entry.
struct DeclarationChecks {
    let tree: ServiceTree
    let environmentsText: JSONText?

    func findings() -> [Finding] { entries() + lists() }

    private func entries() -> [Finding] {
        let file = tree.dependencies
        guard file.text != nil else { return [] }
        var findings: [Finding] = []
        let byVersion = Dictionary(grouping: tree.migrations, by: \.version)
        for entry in file.entries {
            func note(_ rule: ValidationRule, severity: Finding.Severity? = nil, _ message: String, _ hint: String) {
                findings.append(Finding(rule, severity, file: file.path, line: entry.line, message, hint: hint))
            }
            let found = byVersion[entry.version] ?? []
            let title = entry.key.drop { $0.isNumber }.dropFirst()
            if found.isEmpty {
                note(.entryWithoutFile, "\(entry.key) has no file", "remove the entry, or restore its files")
            } else if !title.isEmpty, !found.contains(where: { $0.migration.title == title }) {
                note(
                    .entryWithoutFile,
                    severity: .warning,
                    "\(entry.key) does not match a file; the file with this number is \(found[0].migration.name)",
                    "name the entry after its file"
                )
            }
            if let environment = entry.environment, environment != "all", tree.environments.policy(environment) == nil {
                note(
                    .unknownEnvironment,
                    "\(entry.key) is for \(environment), which is not an environment",
                    "the environments are \(tree.environments.names.joined(separator: ", "))"
                )
            } else if let environment = entry.environment, environment != "all",
                let layer = found.first(where: { $0.layer != environment })?.layer,
                !found.contains(where: { $0.layer == environment })
            {
                note(
                    .unknownEnvironment,
                    severity: .warning,
                    "\(entry.key) is declared for \(environment), but runs in "
                        + (layer.isEmpty ? "every environment" : layer),
                    "the folders decide what runs; move its files to the folder of \(environment), or correct the entry"
                )
            }
        }
        let declared = Set(file.entries.map(\.version))
        for (version, same) in byVersion where !declared.contains(version) {
            findings.append(
                Finding(
                    .missingEntry,
                    file: same[0].path,
                    "\(same[0].migration.name) has no entry in \(file.path)",
                    hint: "add \"\(same[0].migration.digits)\" there"
                )
            )
        }
        return findings
    }

    /// Checks the `migrations` lists of the environments.
    private func lists() -> [Finding] {
        guard let text = environmentsText else { return [] }
        return tree.environments.environments.flatMap { policy -> [Finding] in
            guard let node = text.root["environments"]?[policy.name]?["migrations"] else { return [] }
            switch policy.migrations {
            case .folder(let folder): return self.folder(folder, policy, node)
            case .files: return list(policy, node)
            case nil: return []
            }
        }
    }

    private func folder(_ folder: String, _ policy: EnvironmentPolicy, _ node: JSONNode) -> [Finding] {
        guard tree.environments.folders[policy.name]?.isEmpty == false, tree.folders[policy.name] == nil else {
            return []
        }
        return [
            Finding(
                .listedFileMissing,
                .warning,
                file: node.path,
                line: node.line,
                "the folder \(folder) of \(policy.name) does not exist",
                hint: "create it, or remove the line"
            )
        ]
    }

    private func list(_ policy: EnvironmentPolicy, _ node: JSONNode) -> [Finding] {
        var findings: [Finding] = []
        var listed: Set<String> = []
        let byName = Dictionary(grouping: tree.migrations, by: \.migration.name)
        for element in (try? node.elements()) ?? [] {
            guard let name = try? element.text() else { continue }
            func note(_ rule: ValidationRule, _ message: String, _ hint: String) {
                findings.append(Finding(rule, file: node.path, line: element.line, message, hint: hint))
            }
            let candidates = (byName[Self.stem(name)] ?? []).filter { isIn(name, $0) }
            if let found = candidates.first(where: { $0.layer.isEmpty || $0.layer == policy.name }) {
                if !listed.insert(identity(found)).inserted, !name.hasSuffix(".down.sql") {
                    note(.duplicateEntry, "\(name) is listed twice for \(policy.name)", "keep one of the two")
                }
            } else if let other = candidates.first {
                note(
                    .listedFileMissing,
                    "\(name) is listed for \(policy.name), but is a migration of \(other.layer) only",
                    "move it to the base folder, or remove it from the list"
                )
            } else {
                note(
                    .listedFileMissing,
                    "\(name) is listed for \(policy.name), but there is no such file",
                    meant(Self.stem(name)).map { "is \($0) meant?" } ?? "remove it from the list"
                )
            }
        }
        for migration in tree.view(policy.name) where !listed.contains(identity(migration)) {
            findings.append(
                Finding(
                    .unlistedFile,
                    file: node.path,
                    line: node.line,
                    "\(migration.migration.name) runs in \(policy.name), but is not listed for it",
                    hint: "the folders decide what runs; add it to the list"
                )
            )
        }
        return findings
    }

    private func identity(_ migration: CheckedMigration) -> String { "\(migration.layer)/\(migration.migration.name)" }
    /// The file that a listed name probably means: the one with the same number, or with a similar title. Similar
    /// numbers say nothing.
    private func meant(_ stem: String) -> String? {
        let title = stem.drop { $0.isNumber }
        let titles = tree.migrations.map { "_\($0.migration.title)" }
        let near = Spelling.nearest(to: String(title), among: titles)
        let found =
            tree.migrations.first { $0.version == Migration.version(spelled: stem) }
            ?? tree.migrations.first { "_\($0.migration.title)" == near }
        return found?.migration.up.map { String($0.path.split(separator: "/").last ?? "") }
    }

    /// The name of the migration that a listed file belongs to.
    private static func stem(_ listed: String) -> String {
        var name = listed.split(separator: "/").last ?? ""
        for suffix in [".sql", ".up", ".down"] where name.hasSuffix(suffix) { name = name.dropLast(suffix.count) }
        return String(name)
    }

    /// Whether a listed name, with or without its folder, is in the layer of a migration.
    private func isIn(_ listed: String, _ migration: CheckedMigration) -> Bool {
        var parts = listed.split(separator: "/").filter { $0 != "." }.dropLast().map(String.init)
        let root = tree.service.folder.split(separator: "/").filter { $0 != "." }.map(String.init)
        if parts.starts(with: root) { parts = Array(parts.dropFirst(root.count)) }
        if parts.first == "migrations" { parts.removeFirst() }
        let folder = parts.joined(separator: "/")
        return folder.isEmpty || folder == tree.environments.folders[migration.layer]
    }
}
