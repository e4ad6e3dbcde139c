internal import Migrations
internal import SQLText

/// Compares the declarations in `dependencies.json` with the effects of the statements.
struct EffectChecks {
    let migration: CheckedMigration
    let entry: DependenciesFile.Entry
    let file: DependenciesFile

    func findings() -> [Finding] { affectedTables() + risk() + rollback() }

    private func finding(_ rule: ValidationRule, at field: String, _ message: String, hint: String) -> Finding {
        Finding(rule, file: file.path, line: file.line(of: field, in: entry), message, hint: hint)
    }

    private func affectedTables() -> [Finding] {
        guard let declared = entry.affectsTables, let up = migration.up else { return [] }
        let names = declared.map(Self.name)
        var required: [(name: RelationName, statement: SQLStatement)] = []
        var allowed: [RelationName] = []
        let temporary = up.temporaryNames
        // Statements may name views where they could name tables.
        let views = up.effects.touches.filter { $0.action == .create && $0.kind != .table }.map(\.relation)
        for (statement, effects) in up.statements {
            for touch in effects.touches {
                allowed.append(touch.relation)
                guard Self.changes(touch), !temporary.contains(touch.name), !views.contains(touch.relation),
                    !required.contains(where: { $0.name == touch.relation })
                else { continue }
                required.append((touch.relation, statement))
            }
            if let newName = statement.tree?["newname"].string {
                let renamed = statement.tree.flatMap { RelationName(rangeVar: $0["relation"]) }
                allowed.append(RelationName(schema: renamed?.schema, name: newName))
            }
        }
        var findings = required.filter { need in !names.contains { $0.canBe(need.name) } }.map { need in
            finding(
                .affectsTables,
                at: "affects_tables",
                "affects_tables of \(entry.key) lacks \(need.name), which line \(need.statement.line) of its up file "
                    + "changes",
                hint: "add \"\(need.name)\""
            )
        }
        // A down file may change objects that its up file affects only indirectly. The effects of a DO block are
        // unknown.
        allowed += migration.down?.effects.touches.map(\.relation) ?? []
        if migration.files.allSatisfy(\.isTransparent) {
            findings += names.filter { name in !allowed.contains { $0.canBe(name) } }.map { name in
                finding(
                    .affectsTables,
                    at: "affects_tables",
                    "affects_tables of \(entry.key) names \(name), which none of its statements touches",
                    hint: "remove it"
                )
            }
        }
        return findings
    }

    private static func changes(_ touch: Touch) -> Bool {
        guard touch.kind == .table || touch.kind == .foreignTable, !touch.isInBody else { return false }
        return touch.action.writes || [.create, .alter, .rename, .drop].contains(touch.action)
    }

    private static func name(_ text: String) -> RelationName {
        let parts = text.split(separator: ".").map { $0.filter { $0 != "\"" } }
        return RelationName(names: parts) ?? RelationName(schema: nil, name: "")
    }

    /// A declared risk above the derived one is allowed, because the author may know a reason.
    private func risk() -> [Finding] {
        guard let declared = entry.risk, let up = migration.up else { return [] }
        // A statement with a syntax error has no risk. A statement newer than the parser has the risk that the migrator
        // assumes.
        let statements = up.statements.filter { $0.effects.isParsed || $0.statement.newerSyntax != nil }
        guard let worst = statements.max(by: { $0.effects.risk < $1.effects.risk })?.effects.risk, declared < worst,
            let reason = statements.first(where: { $0.effects.risk == worst })?.statement
        else { return [] }
        return [
            finding(
                .riskLevel,
                at: "risk_level",
                "\(entry.key) is declared \(declared.rawValue) risk, and is \(worst.rawValue) because of line "
                    + "\(reason.line), \(reason.tag)",
                hint: "set its risk_level to \"\(worst.rawValue)\""
            )
        ]
    }

    private func rollback() -> [Finding] {
        guard entry.rollbackSafe == true else { return [] }
        guard let down = migration.down else {
            guard migration.migration.down == nil else { return [] }
            return [
                finding(
                    .rollbackSafe,
                    at: "rollback_safe",
                    "\(entry.key) is declared rollback_safe, but has no down file",
                    hint: "write one, or set rollback_safe to false"
                )
            ]
        }
        if down.script.statements.isEmpty, down.markers.nothingToUndoLine == nil {
            return [
                finding(
                    .rollbackSafe,
                    at: "rollback_safe",
                    "\(entry.key) is declared rollback_safe, but its down file is empty",
                    hint: "write one, or set rollback_safe to false"
                )
            ]
        }
        // A conditional DELETE is allowed, because it may delete only the rows that the up file inserted.
        let loss =
            down.lost { $0.means == .dropping || $0.means == .deleting && !$0.isConditional }
            ?? migration.up?.lost { $0.means == .dropping || $0.means == .deleting }
        guard let loss else { return [] }
        return [
            finding(
                .rollbackSafe,
                at: "rollback_safe",
                "\(entry.key) is declared rollback_safe, but \(loss.place) loses \(loss.what)",
                hint: "set rollback_safe to false"
            )
        ]
    }
}

extension ParsedFile {
    /// The first destroyed object.
    fileprivate func lost(_ counts: (Destruction) -> Bool) -> (place: String, what: String)? {
        for (statement, effects) in statements {
            guard let loss = effects.destruction.first(where: counts) else { continue }
            let what =
                loss.column.map { "the values of \(loss.relation).\($0)" }
                ?? (loss.kind == .table ? "the rows of \(loss.relation)" : "the \(loss.kind.rawValue) \(loss.relation)")
            return ("line \(statement.line) of its \(direction.rawValue) file", what)
        }
        return nil
    }
}
