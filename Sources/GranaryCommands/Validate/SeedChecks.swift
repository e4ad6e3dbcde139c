internal import MigrationChecks
internal import PostgresClient
internal import Project
internal import SQLText
internal import Seeding

/// Checks seeds against the tables that the migrations of their environment create, from files alone.
struct SeedChecks {
    let service: Service
    let environments: EnvironmentsFile
    let folder: String
    let validation: Validation

    func findings() -> [Finding] {
        listed()
            + environments.names.flatMap { environment in
                SeedFolder(folder).exists ? self.findings(in: environment) : []
            }
    }

    /// Entries of `seed_files` in environments.json that match nothing.
    private func listed() -> [Finding] {
        let seeds = SeedFolder(folder)
        let names = ((try? seeds.layers()) ?? []).flatMap { (try? seeds.files(layer: $0)) ?? [] }.map(\.name)
        return environments.environments.flatMap { policy in
            policy.seedFiles.filter { entry in !Self.isNamed(entry, folder, names) }.map { entry in
                Finding(
                    .listedFileMissing,
                    file: environments.path ?? "environments.json",
                    line: policy.line ?? 1,
                    "\(entry) is listed as a seed of \(policy.name), but \(folder) has no such file",
                    hint:
                        "names are relative to the folder of seeds, such as common/users.yaml, common/* or common"
                )
            }
        }
    }

    private static func isNamed(_ entry: String, _ folder: String, _ names: [String]) -> Bool {
        var entry = entry
        for prefix in ["./", "\(folder)/", "seeds/"] where entry.hasPrefix(prefix) {
            entry = String(entry.dropFirst(prefix.count))
        }
        let isFolder = SeedFolder(folder).hasLayer(entry)
        return isFolder || names.contains { $0 == entry || $0.hasPrefix(entry + "/") || NamePattern(entry).fits($0) }
    }

    private func findings(in environment: String) -> [Finding] {
        let listed = environments.policy(environment)?.seedFiles ?? []
        let names = ((try? SeedFolder(folder).layers()) ?? []).flatMap {
            (try? SeedFolder(folder).files(layer: $0)) ?? []
        }
        let set: SeedSet
        do {
            set = try SeedSet.read(
                SeedSet.Request(
                    folder: folder,
                    environment: environment,
                    schemas: service.schemas,
                    // Entries without a match were already reported. They would prevent the rest from being read.
                    seedFiles: listed.filter { Self.isNamed($0, folder, names.map(\.name)) }
                )
            )
        } catch {
            guard let place = error.place, let line = place.line else {
                return [Finding(.seedFile, file: folder, line: 1, "\(error)", hint: error.hint)]
            }
            return [Finding(.seedFile, file: place.file, line: line, error.message, hint: error.hint)]
        }
        let isProduction = environments.rules(of: environment).isProduction
        let schema = validation.schema(of: service.name, in: environment)
        var findings = set.tables.flatMap { columns($0, schema, environment) }
        findings += set.scripts.flatMap { script($0, schema, isProduction) }
        if isProduction { findings += set.tables.flatMap(secrets) }
        return findings
    }
}

// Tables and columns.
extension SeedChecks {
    private func columns(_ seeds: SeedSet.Table, _ schema: SchemaModel, _ environment: String) -> [Finding] {
        let name = RelationName(schema: seeds.name.schema, name: seeds.name.name)
        guard let table = schema.madeTable(name) else {
            guard !schema.isOpaque else { return [] }
            return seeds.files.map { Self.unknownTable(name, in: $0.file.path, 1, schema, environment) }
        }
        guard let known = table.columnNames else { return [] }
        var told: Set<String> = []
        var findings: [Finding] = []
        func check(_ column: String, _ file: String, _ line: Int) {
            // `manager` stands for `manager_id`.
            guard !known.contains(column), !known.contains("\(column)_id"), told.insert("\(file) \(column)").inserted
            else { return }
            let near = Spelling.nearest(to: column, among: known)
            findings.append(
                Finding(
                    .seedUnknownColumn,
                    file: file,
                    line: line,
                    "\(name) has no column \(column)",
                    hint: near.map { "is \($0) meant?" } ?? "a migration must create it first"
                )
            )
        }
        for file in seeds.files {
            for row in file.rows { for cell in row.cells { check(cell.key, row.file, cell.line) } }
            for column in file.generate?["columns"]?.members ?? [] { check(column.key, file.file.path, column.line) }
            for column in file.key ?? [] { check(column, file.file.path, 1) }
        }
        return findings
    }

    private static func unknownTable(
        _ name: RelationName,
        in file: String,
        _ line: Int,
        _ schema: SchemaModel,
        _ environment: String
    ) -> Finding {
        let near = Spelling.nearest(to: name.name, among: schema.made.map(\.name))
        return Finding(
            .seedUnknownTable,
            file: file,
            line: line,
            "no migration of \(environment) creates the table \(name)",
            hint: near.map { "is \($0) meant?" } ?? "the file has the name of its table"
        )
    }
}

// Scripts, and files for production.
extension SeedChecks {
    private func script(_ seed: SeedSet.Script, _ schema: SchemaModel, _ isProduction: Bool) -> [Finding] {
        let path = seed.file.path
        guard let text = String(validating: seed.bytes, as: UTF8.self) else {
            return [
                Finding(.seedFile, file: path, "it is not UTF-8", hint: "convert it, for example with iconv -t UTF-8")
            ]
        }
        let script: SQLScript
        do {
            script = try SQLScript(splitting: text)
        } catch {
            return [
                Finding(.syntax, file: path, line: error.line, column: error.column, error.message, hint: error.hint)
            ]
        }
        var findings: [Finding] = script.statements.compactMap { statement in
            guard let error = statement.syntaxError, statement.newerSyntax == nil else { return nil }
            return Finding(.syntax, file: path, line: error.line, column: error.column, error.message, hint: error.hint)
        }
        findings += statements(script, path, schema)
        return isProduction ? findings + SecretChecks(script, path: path).findings() : findings
    }

    private func statements(_ script: SQLScript, _ path: String, _ schema: SchemaModel) -> [Finding] {
        var findings: [Finding] = []
        let effects = ScriptEffects(of: script)
        var made: [RelationName] = []
        for (statement, effects) in zip(script.statements, effects.statements) {
            made += effects.touches.filter { $0.action == .create }.map(\.relation)
            for touch in effects.touches where touch.action.writes && !touch.isInBody {
                let place = statement.place(ofOffset: touch.offset ?? statement.offset)
                let isMade = made.contains { $0.name == touch.name } || schema.isOpaque
                guard let table = schema.madeTable(touch.relation) else {
                    guard !isMade, touch.schema.map({ service.schemas.contains($0) }) ?? true else { continue }
                    findings.append(Self.unknownTable(touch.relation, in: path, place.line, schema, "the environment"))
                    continue
                }
                guard let known = table.columnNames, let tree = statement.tree, tree.isKind("InsertStmt") else {
                    continue
                }
                for column in tree["cols"].items {
                    guard let name = column["name"].string, !known.contains(name) else { continue }
                    findings.append(
                        Finding(
                            .seedUnknownColumn,
                            file: path,
                            line: statement.place(ofOffset: column.content.offset ?? statement.offset).line,
                            "\(touch.relation) has no column \(name)",
                            hint: Spelling.nearest(to: name, among: known).map { "is \($0) meant?" }
                        )
                    )
                }
            }
        }
        return findings
    }

    /// Rows that production must not contain: the first of each kind in a file.
    private func secrets(_ seeds: SeedSet.Table) -> [Finding] {
        var findings: [Finding] = []
        func note(_ rule: ValidationRule, _ file: String, _ line: Int, _ message: String, _ hint: String) {
            guard !findings.contains(where: { $0.rule == rule.rawValue && $0.file == file }) else { return }
            findings.append(Finding(rule, file: file, line: line, message, hint: hint))
        }
        for row in seeds.files.lazy.flatMap(\.rows) {
            for cell in row.cells {
                guard let text = cell.value.text, cell.value.tag == nil else { continue }
                if let what = SecretChecks.secret(in: text) {
                    note(.secret, row.file, cell.line, "the text contains \(what)", SecretChecks.secretHint)
                } else if SecretChecks.isSecret(column: cell.key, value: text) {
                    let message = "the column \(cell.key) is given a value that is written here"
                    note(.secret, row.file, cell.line, message, SecretChecks.secretHint)
                }
                guard SecretChecks.namesExample(text) else { continue }
                note(.examplePeople, row.file, cell.line, SecretChecks.exampleMessage, SecretChecks.exampleHint)
            }
        }
        return findings
    }
}
