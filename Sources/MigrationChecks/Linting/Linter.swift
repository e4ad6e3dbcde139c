internal import Migrations
package import SQLText

/// Finds statements that would lock, rewrite or lose data that other sessions use.
///
///     var linter = Linter(rules: LintRules.selection(enable: ["style"], disable: []))
///     for file in files { findings += linter.findings(in: file); linter.learn(from: file) }
package struct Linter: Sendable {
    /// The names of the enabled rules.
    package var rules: Set<String> { didSet { plan = LintPlan(rules) } }
    private var plan: LintPlan
    /// The known sizes of tables in bytes. Rules use them to tell small tables from large ones.
    package var tableSizes: [RelationName: Int]
    /// The tables that Citus stores in the database.
    package var cluster = ClusterTables()
    /// The schema that the earlier files create.
    package var schema: SchemaModel
    /// The schema that all files together create; nil if it is unknown. A later file may create the index for a foreign
    /// key.
    package var outcome: SchemaModel?

    /// A table below this size in bytes is read, indexed or rewritten within milliseconds, because it has at most 128
    /// pages. A lock that lasts as long as that is short.
    package static let smallTable = 1 << 20

    package init(
        rules: Set<String> = LintRules.defaults,
        tableSizes: [RelationName: Int] = [:],
        schema: SchemaModel = SchemaModel(),
        outcome: SchemaModel? = nil
    ) {
        self.rules = rules
        plan = LintPlan(rules)
        self.tableSizes = tableSizes
        self.schema = schema
        self.outcome = outcome
    }

    /// Adds the objects that a file creates to `schema`, for the files that follow. Pass up files only.
    package mutating func learn(from file: ParsedFile) { schema.learn(from: file.script) }

    /// The findings in the order of the file, including those that comments silence.
    package func findings(in file: ParsedFile) -> [Finding] { read(file).findings }

    /// The findings, and the objects that the file creates, so that the caller need not call `learn`.
    private func read(_ file: ParsedFile) -> (findings: [Finding], changes: SchemaModel.Changes) {
        var findings: [Finding] = []
        var reading = FileReading(file, schema, outcome, cluster)
        reading.forEachStatement { context in
            for rule in plan.rules(for: context) where file.direction == .up || rule.appliesToDown {
                for match in rule.check(context) { findings.append(finding(rule, match, context, file)) }
            }
        }
        let inOrder = findings.sorted { ($0.line, $0.column ?? 0) < ($1.line, $1.column ?? 0) }
        return (inOrder, reading.schema.changes)
    }

    /// Checks migrations in parallel. Each part of them starts with the schema that the parts before it create, and all
    /// parts know the outcome. The down file of a migration is checked after its up file.
    ///
    /// - Parameter version: Migrations up to this version are not checked, only learned from.
    package func findings(in migrations: [(up: ParsedFile?, down: ParsedFile?)], after version: Int) async -> [Finding]
    {
        var parts: [(linter: Linter, range: Range<Int>)] = []
        var ahead = self
        let length = max(50, (migrations.count + 7) / 8)
        for start in stride(from: 0, to: migrations.count, by: length) {
            let range = start..<min(start + length, migrations.count)
            parts.append((ahead, range))
            for index in range { if let up = migrations[index].up { ahead.learn(from: up) } }
        }
        let outcome = self.outcome ?? ahead.schema
        return await withTaskGroup(of: (Int, [Finding]).self) { group in
            for (linter, range) in parts {
                group.addTask {
                    var linter = linter
                    linter.outcome = outcome
                    return (range.lowerBound, range.flatMap { linter.findings(in: migrations[$0], after: version) })
                }
            }
            var found: [(Int, [Finding])] = []
            for await part in group { found.append(part) }
            return found.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    private mutating func findings(
        in migration: (up: ParsedFile?, down: ParsedFile?),
        after version: Int
    ) -> [Finding] {
        var findings: [Finding] = []
        if let up = migration.up, up.migration.version > version {
            let (found, changes) = read(up)
            findings += found
            schema.apply(changes)
        } else if let up = migration.up {
            learn(from: up)
        }
        if let down = migration.down, down.migration.version > version { findings += self.findings(in: down) }
        return findings
    }

    private func finding(
        _ rule: LintRule,
        _ match: LintMatch,
        _ context: LintContext,
        _ file: ParsedFile
    ) -> Finding {
        let offset = max(match.offset ?? context.statement.offset, context.statement.offset)
        let place = context.statement.place(ofOffset: offset)
        var severity = rule.severity
        var message = match.message
        if rule.growsWithTable, let table = match.table, let bytes = tableSizes[table] {
            message += "; it has \(Self.size(bytes))"
            if bytes < Self.smallTable { severity = max(severity, .info) }
        }
        // A down file runs rarely, and only when something has already gone wrong. But a statement that the server
        // refuses is an error there too.
        let isRefused = rule.isRefusal || rule.category == .transactions
        if file.direction == .down, !isRefused { severity = max(severity, .warning) }
        return Finding(
            rule: rule.name,
            severity: severity,
            file: file.path,
            line: place.line,
            column: place.column,
            message: message,
            hint: match.hint ?? rule.safeForm
        )
    }

    /// A size in units for people: `640 kB`, `12 MB`, `3.5 GB`.
    static func size(_ bytes: Int) -> String {
        var value = Double(bytes) / 1000
        var unit = "kB"
        for larger in ["MB", "GB", "TB"] where value >= 999.5 {
            value /= 1000
            unit = larger
        }
        guard value < 9.95, unit != "kB" else { return "\(Int(value.rounded())) \(unit)" }
        return "\((value * 10).rounded() / 10) \(unit)"
    }
}
