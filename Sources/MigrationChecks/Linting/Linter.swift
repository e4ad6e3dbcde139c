internal import Migrations
package import SQLText

/// Finds what a migration's statements would do to those who use the database meanwhile: locks, rewrites, loss.
///
///     var linter = Linter(rules: LintRules.selection(enable: ["style"], disable: []))
///     for file in files { findings += linter.findings(in: file); linter.learn(from: file) }
package struct Linter: Sendable {
    /// The names of the rules that are on.
    package var rules: Set<String> { didSet { plan = LintPlan(rules) } }
    private var plan: LintPlan
    /// Bytes of the tables that are known, with which a rule can tell a small table from a large one.
    package var tableSizes: [RelationName: Int]
    /// What the files before have made.
    package var schema: SchemaModel
    /// What all files together make, where that is known: a foreign key may get its index in a later file.
    package var outcome: SchemaModel?

    /// Below so many bytes a lock that lasts as long as the table is read is short: 128 pages are read, indexed or
    /// rewritten within milliseconds.
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

    /// Takes what a file makes for granted in the files that follow. Only files that go up are to be learned from.
    package mutating func learn(from file: ParsedFile) { schema.learn(from: file.script) }

    /// In the order of the file. What comments silence is still among them.
    package func findings(in file: ParsedFile) -> [Finding] { read(file).findings }

    /// The findings, and what the file makes, so that it need not be learned again.
    private func read(_ file: ParsedFile) -> (findings: [Finding], changes: SchemaModel.Changes) {
        var findings: [Finding] = []
        var reading = FileReading(file, schema, outcome)
        reading.forEachStatement { context in
            for rule in plan.rules(for: context) where file.direction == .up || rule.appliesToDown {
                for match in rule.check(context) { findings.append(finding(rule, match, context, file)) }
            }
        }
        let inOrder = findings.sorted { ($0.line, $0.column ?? 0) < ($1.line, $1.column ?? 0) }
        return (inOrder, reading.schema.changes)
    }

    /// The findings of migrations in their order, by every core: each part of them begins with what those before it have
    /// made, and all of them know the outcome. A file that goes down comes after the one that goes up.
    ///
    /// - Parameter version: Those up to it are only learned from.
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
        // A down is rare, and runs when something is wrong already; what cannot run at all is no better for it.
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

    /// For people: `640 kB`, `12 MB`, `3.5 GB`.
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
