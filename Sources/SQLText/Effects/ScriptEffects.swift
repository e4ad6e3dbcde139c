/// The effects of a script: those of its statements, each considering what earlier statements created.
package struct ScriptEffects: Sendable {
    /// One for each statement of the script.
    package private(set) var statements: [StatementEffects] = []

    package init(of script: SQLScript) {
        var known = CreatedObjects()
        for statement in script.statements {
            var effects = StatementEffects(of: statement)
            known.apply(to: &effects, statement)
            statements.append(effects)
        }
        for index in Self.replaced(statements.indices, { statements[$0] }) { statements[index].risk = .medium }
    }

    /// Reads a script statement by statement and keeps none of them, so a large script needs little memory.
    ///
    /// - Parameter body: Receives each statement with its effects, which consider what earlier statements created. The
    ///   risk of the statements that `replaced` returns is not lowered yet.
    /// - Returns: The commands of psql in it.
    /// - Throws: `SQLTextError` for what cannot be split: `.unterminated`, `.notText`.
    package static func forEachStatement(
        splitting text: String,
        _ body: (SQLStatement, StatementEffects) -> Void
    ) throws(SQLTextError) -> [SQLScript.MetaCommand] {
        var known = CreatedObjects()
        return try SQLScript.forEachStatement(splitting: text) { statement in
            var effects = StatementEffects(of: statement)
            known.apply(to: &effects, statement)
            body(statement, effects)
        }
    }

    /// The statements that drop an object without rows which the script creates again: `DROP TRIGGER IF EXISTS g ON t;
    /// CREATE TRIGGER g …`. Their risk is only medium.
    package static func replaced(_ indices: Range<Int>, _ effects: (Int) -> StatementEffects) -> [Int] {
        struct Made: Hashable {
            var kind: ObjectKind
            var name: RelationName
        }
        var made: Set<Made> = []
        var replaced: [Int] = []
        for index in indices.reversed() {
            let effects = effects(index)
            if effects.risk == .high, effects.destruction.isEmpty, !made.isEmpty {
                let dropped = effects.touches.filter { $0.action == .drop }
                let isMade = { (touch: Touch) in made.contains(Made(kind: touch.kind, name: touch.relation)) }
                if !dropped.isEmpty, dropped.allSatisfy(isMade) { replaced.append(index) }
            }
            for touch in effects.touches where touch.action == .create && !touch.isInBody {
                made.insert(Made(kind: touch.kind, name: touch.relation))
            }
        }
        return replaced
    }

    package var risk: Risk { statements.map(\.risk).max() ?? .low }
    package var destruction: [Destruction] { statements.flatMap(\.destruction) }
    package var touches: [Touch] { statements.flatMap(\.touches) }
    /// Whether the script has its own BEGIN or COMMIT, so it must not be wrapped in a transaction.
    package var controlsTransaction: Bool {
        statements.contains { effects in
            if case .controls(let control) = effects.transaction { return control.isOfWholeTransaction }
            return false
        }
    }
    /// The indexes of statements that cannot run in a transaction.
    package var refusingTransaction: [Int] {
        statements.indices.filter {
            if case .refusesTransaction = statements[$0].transaction { return true }
            return false
        }
    }
    /// The strongest lock on each relation that existed before the script.
    package var locks: [RelationName: LockMode] {
        touches.reduce(into: [:]) { locks, touch in
            guard let lock = touch.lock, !touch.isNew else { return }
            locks[touch.relation] = max(locks[touch.relation] ?? lock, lock)
        }
    }
}

extension StatementEffects {
    /// - Parameter statement: A single statement. Effects of earlier statements are unknown.
    package init(of statement: SQLStatement) {
        guard let tree = statement.tree else {
            isParsed = false
            risk = .medium
            return
        }
        var reader = EffectsReader()
        reader.read(tree)
        self = reader.effects
        if transaction == .fits { transaction = TransactionRule.use(of: tree) }
        risk = max(risk, RiskRule.risk(of: tree))
    }
}

/// The objects that a script has created so far, under the names that they have now.
private struct CreatedObjects {
    private struct Key: Hashable {
        var kind: ObjectKind
        var name: RelationName
    }

    /// True if it is certainly new; false if IF NOT EXISTS or OR REPLACE leaves that open.
    private var certain: Set<Key> = []
    private var possible: Set<Key> = []
    /// The names of all created objects, to exclude most other names quickly.
    private var names: Set<String> = []
    /// The first schema of the search path that the script has set; names without a schema are in it.
    private var path: String?

    mutating func apply(to effects: inout StatementEffects, _ statement: SQLStatement) {
        let created = effects.touches.filter { $0.action == .create && !$0.isInBody }
        for index in effects.touches.indices {
            let touch = effects.touches[index]
            let isCreated = touch.action == .create && touch.lock == nil
            effects.touches[index].isNew = isCreated || contains(touch.kind, touch.relation)
        }
        let counts = effects.destruction.count
        effects.destruction.removeAll { isCertain($0.kind, $0.relation) }
        lowerRisk(of: &effects, hadDestruction: counts > 0)
        if !created.isEmpty { note(created, isCertain: !Self.isTentative(statement.tree)) }
        for touch in effects.touches where touch.action == .drop { forget(touch) }
        if let tree = statement.tree { move(effects.touches, tree) }
        for setting in effects.settings where setting.name == "search_path" || setting.name == "all" {
            path = Self.firstSchema(setting.value ?? "")
        }
    }

    /// Handles RENAME and SET SCHEMA: a new object stays new under its new name.
    private mutating func move(_ touches: [Touch], _ tree: ParseNode) {
        for touch in touches where !touch.isInBody {
            var name = touch.relation
            if tree.isKind("RenameStmt"), touch.action == .rename, let new = tree["newname"].string {
                name.name = new
            } else if tree.isKind("AlterObjectSchemaStmt"), let schema = tree["newschema"].string {
                name.schema = schema
            } else {
                continue
            }
            let (old, new) = (key(touch.kind, touch.relation), key(touch.kind, name))
            if certain.remove(old) != nil { certain.insert(new) }
            if possible.remove(old) != nil { possible.insert(new) }
            if names.contains(old.name.name) { names.insert(new.name.name) }
        }
    }

    /// The first schema of a search path; nil if it begins with the schema named like the role.
    private static func firstSchema(_ path: String) -> String? {
        let first = path.split(separator: ",").first.map { $0.filter { $0 != " " && $0 != "\"" } }
        return first == "$user" ? nil : first
    }

    /// Effects only on new objects block and destroy nothing.
    private func lowerRisk(of effects: inout StatementEffects, hadDestruction: Bool) {
        guard effects.isParsed, effects.risk > .low, effects.destruction.isEmpty else { return }
        let concerned = effects.touches.filter { $0.action != .read && $0.action != .reference && !$0.isInBody }
        guard !concerned.isEmpty, concerned.allSatisfy(\.isNew) else { return }
        let isCertain = concerned.allSatisfy { $0.action == .create || self.isCertain($0.kind, $0.relation) }
        guard isCertain || !hadDestruction else { return }
        effects.risk = isCertain ? .low : min(effects.risk, .medium)
    }

    private func contains(_ kind: ObjectKind, _ name: RelationName) -> Bool {
        if certain.isEmpty, possible.isEmpty { return false }
        if isCertain(kind, name) || possible.contains(key(kind, name)) { return true }
        guard names.contains(name.name) else { return false }
        // In the file, a name with its schema and the same name without it mean the same object.
        let key = key(kind, name)
        guard key.name.schema == nil else {
            let bare = Key(kind: key.kind, name: RelationName(schema: nil, name: name.name))
            return certain.contains(bare) || possible.contains(bare)
        }
        let isSame = { (made: Key) in made.kind == key.kind && made.name.name == key.name.name }
        return certain.contains(where: isSame) || possible.contains(where: isSame)
    }

    private func isCertain(_ kind: ObjectKind, _ name: RelationName) -> Bool {
        if certain.isEmpty { return false }
        // Everything in a new schema is new.
        return certain.contains(key(kind, name))
            || (schema(kind, name).map {
                certain.contains(Key(kind: .schema, name: RelationName(schema: nil, name: $0)))
            }
                ?? false)
    }

    private mutating func note(_ touches: [Touch], isCertain: Bool) {
        for touch in touches {
            let key = key(touch.kind, touch.relation)
            if isCertain { certain.insert(key) } else { possible.insert(key) }
            names.insert(key.name.name)
        }
    }

    private mutating func forget(_ touch: Touch) {
        certain.remove(key(touch.kind, touch.relation))
        possible.remove(key(touch.kind, touch.relation))
    }

    /// ALTER TABLE and DML name views and foreign tables as tables.
    private func key(_ kind: ObjectKind, _ name: RelationName) -> Key {
        let isTable = kind == .view || kind == .materializedView || kind == .foreignTable
        return Key(kind: isTable ? .table : kind, name: RelationName(schema: schema(kind, name), name: name.name))
    }

    private func schema(_ kind: ObjectKind, _ name: RelationName) -> String? {
        name.schema ?? (kind.isRelation || kind == .type || kind == .function ? path : nil)
    }

    private static func isTentative(_ tree: ParseNode?) -> Bool {
        guard let tree else { return true }
        return tree["if_not_exists"].isTrue || tree["base"]["if_not_exists"].isTrue || tree["replace"].isTrue
            || tree.isKind("DoStmt")
    }
}
