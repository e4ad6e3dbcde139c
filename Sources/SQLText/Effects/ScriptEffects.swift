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
        for index in statements.indices where isReplaced(index) { statements[index].risk = .medium }
    }

    /// `DROP TRIGGER IF EXISTS g ON t; CREATE TRIGGER g …`: an object without rows that is created again is not lost.
    private func isReplaced(_ index: Int) -> Bool {
        let effects = statements[index]
        let dropped = effects.touches.filter { $0.action == .drop }
        guard effects.risk == .high, effects.destruction.isEmpty, !dropped.isEmpty else { return false }
        let made = statements[(index + 1)...].flatMap(\.touches).filter { $0.action == .create && !$0.isInBody }
        return dropped.allSatisfy { old in made.contains { $0.kind == old.kind && $0.relation == old.relation } }
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
    /// - Parameter statement: A single statement; nothing is known about earlier ones.
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

/// The objects that a script has created so far.
private struct CreatedObjects {
    private struct Key: Hashable {
        var kind: ObjectKind
        var name: RelationName
    }

    /// True if it is certainly new; false if IF NOT EXISTS or OR REPLACE leaves that open.
    private var certain: Set<Key> = []
    private var possible: Set<Key> = []

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
        return isCertain(kind, name) || possible.contains(key(kind, name))
    }

    private func isCertain(_ kind: ObjectKind, _ name: RelationName) -> Bool {
        if certain.isEmpty { return false }
        // Everything in a new schema is new.
        return certain.contains(key(kind, name))
            || (name.schema.map { certain.contains(Key(kind: .schema, name: RelationName(schema: nil, name: $0))) }
                ?? false)
    }

    private mutating func note(_ touches: [Touch], isCertain: Bool) {
        for touch in touches {
            let key = key(touch.kind, touch.relation)
            if isCertain { certain.insert(key) } else { possible.insert(key) }
        }
    }

    private mutating func forget(_ touch: Touch) {
        certain.remove(key(touch.kind, touch.relation))
        possible.remove(key(touch.kind, touch.relation))
    }

    /// ALTER TABLE and DML name views and foreign tables as tables.
    private func key(_ kind: ObjectKind, _ name: RelationName) -> Key {
        let isTable = kind == .view || kind == .materializedView || kind == .foreignTable
        return Key(kind: isTable ? .table : kind, name: name)
    }

    private static func isTentative(_ tree: ParseNode?) -> Bool {
        guard let tree else { return true }
        return tree["if_not_exists"].isTrue || tree["base"]["if_not_exists"].isTrue || tree["replace"].isTrue
            || tree.isKind("DoStmt")
    }
}
