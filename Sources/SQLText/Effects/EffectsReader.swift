/// Reads the effects of one statement from its tree.
struct EffectsReader {
    var effects = StatementEffects()
    /// The statement is in the body of a routine, a rule or a prepared statement, so it does not run yet.
    var isInBody = false
    /// In PL/pgSQL the target of SELECT … INTO is a variable, not a new table.
    var intoIsVariable = false
    /// The schema that `CREATE SCHEMA s CREATE TABLE t` gives to names without one.
    private var defaultSchema: String?
    /// The index of each touch. Not filled while there are few, because a linear search is faster then.
    private var positions: [Touch: Int] = [:]
    private static let few = 8

    mutating func read(_ statement: ParseNode) {
        switch statement.kind {
        case "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CopyStmt", "TruncateStmt",
            "ExplainStmt",
            "PrepareStmt", "DeclareCursorStmt", "LockStmt", "CreateTableAsStmt", "ViewStmt":
            readQueries(statement)
        case "CreateStmt", "CreateForeignTableStmt", "AlterTableStmt", "IndexStmt", "CreateTrigStmt",
            "CreatePolicyStmt",
            "AlterPolicyStmt", "RuleStmt", "CreateStatsStmt", "CreateSeqStmt", "AlterSeqStmt":
            readTables(statement)
        case "VacuumStmt", "ClusterStmt", "ReindexStmt", "RefreshMatViewStmt": readMaintenance(statement)
        case "DropStmt", "RenameStmt", "AlterObjectSchemaStmt", "AlterOwnerStmt", "CommentStmt", "SecLabelStmt":
            readNamedObjects(statement)
        case "CreateSchemaStmt": readSchema(statement)
        case "CreateFunctionStmt", "AlterFunctionStmt", "DoStmt": readRoutines(statement)
        case "VariableSetStmt", "DiscardStmt": readSettings(statement)
        default: readOthers(statement)
        }
    }

    private mutating func readSchema(_ statement: ParseNode) {
        // CREATE SCHEMA AUTHORIZATION names the role only.
        guard let name = statement["schemaname"].string ?? statement["authrole"]["rolename"].string else { return }
        touch(.schema, nil, name, .create)
        defaultSchema = name
        for element in statement["schemaElts"].items { read(element) }
        defaultSchema = nil
    }
}

// Noting what is touched.
extension EffectsReader {
    mutating func touch(
        _ kind: ObjectKind,
        _ schema: String?,
        _ name: String,
        _ action: Touch.Action,
        _ lock: LockMode? = nil,
        at offset: Int? = nil
    ) {
        // The same object and action count once, regardless of position and lock.
        var touch = Touch(kind: kind, schema: schema, name: name, action: action)
        touch.isInBody = isInBody
        if let position = position(of: touch) {
            if let lock { effects.touches[position].lock = max(effects.touches[position].lock ?? lock, lock) }
            return
        }
        let key = touch
        touch.lock = lock
        touch.offset = offset
        effects.touches.append(touch)
        if effects.touches.count > Self.few + 1 {
            positions[key] = effects.touches.count - 1
        } else if effects.touches.count > Self.few {
            for (index, touch) in effects.touches.enumerated() { positions[touch.key] = index }
        }
    }

    private func position(of touch: Touch) -> Int? {
        guard positions.isEmpty else { return positions[touch] }
        return effects.touches.firstIndex {
            $0.kind == touch.kind && $0.action == touch.action && $0.name == touch.name && $0.schema == touch.schema
                && $0.isInBody == touch.isInBody
        }
    }

    /// Records a touch of the object in a `RangeVar`.
    mutating func touch(_ kind: ObjectKind, _ rangeVar: ParseNode, _ action: Touch.Action, _ lock: LockMode? = nil) {
        guard let relation = relation(rangeVar) else { return }
        touch(kind, relation.schema, relation.name, action, lock, at: rangeVar.offset)
    }

    /// Records a touch of the object with these name parts.
    mutating func touch(_ kind: ObjectKind, _ names: [String], _ action: Touch.Action, _ lock: LockMode? = nil) {
        guard let name = names.last else { return }
        touch(kind, names.count > 1 ? names[names.count - 2] : defaultSchema, name, action, lock)
    }

    func relation(_ rangeVar: ParseNode) -> RelationName? {
        RelationName(rangeVar: rangeVar).map { RelationName(schema: $0.schema ?? defaultSchema, name: $0.name) }
    }

    mutating func destroy(
        _ means: Destruction.Means,
        _ kind: ObjectKind,
        _ relation: RelationName?,
        column: String? = nil,
        cascades: Bool = false,
        isConditional: Bool = false
    ) {
        guard let relation, !isInBody else { return }
        effects.destruction.append(
            Destruction(
                means: means,
                kind: kind,
                schema: relation.schema,
                name: relation.name,
                column: column,
                cascades: cascades,
                isConditional: isConditional
            )
        )
    }
}

extension Touch {
    /// The touch without position and lock.
    fileprivate var key: Touch {
        var key = Touch(kind: kind, schema: schema, name: name, action: action)
        key.isInBody = isInBody
        return key
    }
}

extension ParseNode {
    /// An option in parentheses or by keyword, such as `analyze` or `owned_by`.
    func option(_ name: String, in field: StaticString = "options") -> ParseNode {
        self[field].items.first { $0["defname"].string == name } ?? .none
    }

    /// Whether an option is present and not off.
    func isOn(_ name: String, in field: StaticString = "options") -> Bool {
        let option = option(name, in: field)
        guard option.exists else { return false }
        let value = option["arg"]
        if let text = value.string { return !["false", "off", "no", "0"].contains(text.lowercased()) }
        return !value.exists || (value["boolval"].exists ? value["boolval"]["boolval"].isTrue : value.int ?? 0 != 0)
    }

    var cascades: Bool { self["behavior"].string == "DROP_CASCADE" }
}
