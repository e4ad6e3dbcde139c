internal import Migrations
package import Project
package import SQLText

/// Checks a folder of migrations by its files alone, and with git against a branch.
///
///     read both JSON files and all migrations, parsing each file once → check the folder → check each pair of files
///         → lint the migrations of each environment → compare with a branch
///
/// *Finding*: a fault, with its file and line. *Rule*: the kind of a finding; a comment can silence it by name. *Tree*:
/// the files of a service for all environments. *Trial* (in a replay): one migration run up, down and up again.
///
/// Faults in files are findings, never thrown errors.
package struct Validator: Sendable {
    package struct Folder: Sendable {
        package var service: Service
        package var declared: DeclaredFiles
        /// The versions that the service has applied in the database.
        package var applied: Set<Int> = []

        package init(service: Service, declared: DeclaredFiles) {
            self.service = service
            self.declared = declared
        }
    }

    /// One service, or all services of `--root`.
    package var folders: [Folder]
    package var stateSchema = "granary"
    /// The commit of git that these files will be merged into.
    package var base: String?
    /// Files with this version or a lower one are not checked.
    package var since: Int?
    /// The known sizes of tables in bytes.
    package var tableSizes: [RelationName: Int] = [:]
    /// The tables that Citus stores in the database; nil if the database has no Citus, or if none is given.
    package var distributed: [RelationName: TableDistribution]?
    /// The tables of the database that Citus stores together.
    package var colocated: [RelationName: ColocationGroup] = [:]

    package init(folders: [Folder]) { self.folders = folders }

    /// - Throws: `MigrationError` with `.usage` if git does not know the base; `CancellationError`.
    package func check() async throws -> Validation {
        var trees: [ServiceTree] = []
        for folder in folders { trees.append(await ServiceTree.read(folder.service, folder.declared)) }
        let hasCitus = trees.map { distributed != nil || $0.usesCitus }
        var validation = Validation(trees: trees, since: since, hasCitus: hasCitus)
        for ((tree, folder), hasCitus) in zip(zip(trees, folders), hasCitus) {
            // The linter must learn all files before it checks one. Meanwhile the other cores check pairs.
            async let linted = lint(tree, hasCitus: hasCitus, applied: folder.applied)
            async let checked = pairs(of: tree)
            validation.add(folder.declared.findings + tree.findings)
            validation.add(LayoutChecks(tree: tree).findings())
            let text = folder.declared.environmentsText
            validation.add(DeclarationChecks(tree: tree, environmentsText: text).findings())
            validation.add(EnvironmentChecks(tree: tree).findings())
            validation.add(await checked)
            validation.add(await linted)
            if let base {
                let base = try await GitTree.read(base, folder: tree.service.folder)
                validation.add(BaseChecks(tree: tree, base: base).findings())
            }
        }
        validation.add(DependencyChecks(trees: trees).findings())
        return validation
    }

    /// Checks each migration by itself, in parallel.
    private func pairs(of tree: ServiceTree) async -> [Finding] {
        let context = CheckContext(tree, others: folders.map(\.service), stateSchema: stateSchema)
        return await Parallel.map(tree.migrations) { migration in
            Self.findings(in: migration, context)
        }.flatMap(\.self)
    }

    private static func findings(in migration: CheckedMigration, _ context: CheckContext) -> [Finding] {
        let entry = context.dependencies.entry(migration.version)
        var findings: [Finding] = []
        for file in migration.files {
            findings += StatementChecks(file: file).findings()
            let up = file.direction == .down ? migration.up : nil
            findings += SchemaChecks(file: file, up: up, entry: entry, context: context).findings()
        }
        if let up = migration.up, context.runsInProduction(migration) {
            findings += SecretChecks(up.script, path: up.path).findings()
        }
        if let entry {
            findings += EffectChecks(migration: migration, entry: entry, file: context.dependencies).findings()
        }
        findings += DownChecks(migration)?.findings() ?? []
        findings += PurposeChecks(migration: migration, context: context).findings()
        return findings
    }

    /// Lints the migrations of each environment in order, because rules depend on what earlier files create.
    private func lint(_ tree: ServiceTree, hasCitus: Bool, applied: Set<Int>) async -> [Finding] {
        struct View: Hashable {
            var layers: Set<String>
            var rules: Set<String>
        }
        var seen: Set<View> = []
        var findings: [Finding] = []
        let since = since ?? -1
        for name in tree.environmentNames {
            let policy = tree.environments.policy(name) ?? EnvironmentPolicy(name: name)
            let rules = LintRules.selection(for: policy, hasCitus: hasCitus)
            let view = tree.view(name)
            guard seen.insert(View(layers: Set(view.map(\.layer)), rules: rules)).inserted else { continue }
            var linter = Linter(rules: rules, tableSizes: tableSizes, schema: tree.before)
            linter.cluster = ClusterTables(distributed ?? [:], groups: colocated, applied: applied)
            findings += await linter.findings(in: view.map { ($0.up, $0.down) }, after: since)
        }
        return findings
    }
}

/// The findings of a validation, to which more can be added.
package struct Validation: Sendable {
    let trees: [ServiceTree]
    private let since: Int?
    /// For each tree.
    private let hasCitus: [Bool]
    private var raw: [Finding] = []

    init(trees: [ServiceTree], since: Int?, hasCitus: [Bool]) {
        self.trees = trees
        self.since = since
        self.hasCitus = hasCitus
    }

    package mutating func add(_ findings: [Finding]) { raw += findings }

    /// The number of migration files.
    package var fileCount: Int { trees.reduce(0) { $0 + $1.migrations.reduce(0) { $0 + $1.files.count } } }

    /// The schema that a service's migrations create in an environment.
    package func schema(of service: String, in environment: String) -> SchemaModel {
        var schema = SchemaModel()
        guard let tree = trees.first(where: { $0.service.name == service }) else { return schema }
        for migration in tree.view(environment) { if let up = migration.up { schema.learn(from: up.script) } }
        return schema
    }

    /// All findings, without duplicates, silenced findings and files up to `since`, in a fixed order.
    package func findings() -> [Finding] {
        let known = ValidationRule.names.union(LintRules.byName.keys).union(ReplayRule.names)
        let judged = ValidationRule.names.union(rulesThatAreOn)
        let byFile = Dictionary(grouping: Set(raw), by: \.file)
        let files = trees.flatMap(\.migrations).flatMap(\.files)
        let paths = Set(files.map(\.path))
        var findings = byFile.filter { path, _ in !paths.contains(path) }.values.flatMap(\.self)
        for file in files {
            let silencing = Silencing(file)
            findings += silencing.applied(to: byFile[file.path] ?? [], known: known, judged: judged)
        }
        return findings.filter { !isSpared($0) }.sorted(by: Finding.precedes)
    }

    private var rulesThatAreOn: Set<String> {
        zip(trees, hasCitus).reduce(into: []) { rules, service in
            let (tree, hasCitus) = service
            for policy in tree.environments.environments {
                rules.formUnion(LintRules.selection(for: policy, hasCitus: hasCitus))
            }
        }
    }
}

extension Validation {
    /// Whether the finding is in a file at or below `since`, or in its entry in `dependencies.json`.
    private func isSpared(_ finding: Finding) -> Bool {
        guard let since else { return false }
        let name = finding.file.split(separator: "/").last.flatMap { MigrationFileName(String($0)) }
        if let name { return name.version <= since }
        for tree in trees where tree.dependencies.path == finding.file {
            return tree.dependencies.entries.contains { entry in
                entry.version <= since && tree.dependencies.lines(of: entry).contains(finding.line)
            }
        }
        return false
    }
}

extension DependenciesFile {
    /// The lines from the key to the closing brace.
    fileprivate func lines(of entry: Entry) -> ClosedRange<Int> {
        let breaks = (text?.bytes[entry.range] ?? []).count { $0 == 0x0A }
        return entry.line...(entry.line + breaks)
    }
}
