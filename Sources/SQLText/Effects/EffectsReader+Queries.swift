/// Queries and the statements that contain them.
extension EffectsReader {
    mutating func readQueries(_ statement: ParseNode) {
        switch statement.kind {
        case "CopyStmt": readCopy(statement)
        case "TruncateStmt":
            for table in statement["relations"].items {
                touch(.table, table, .truncate, .accessExclusive)
                destroy(.deleting, .table, relation(table), cascades: statement.cascades)
            }
        case "ExplainStmt", "PrepareStmt":
            let runs = statement.isKind("ExplainStmt") && statement.isOn("analyze")
            runs ? read(statement["query"]) : readUnrun(statement["query"])
        case "LockStmt":
            let mode = statement["mode"].int.flatMap(LockMode.init) ?? .accessExclusive
            for table in statement["relations"].items { touch(.table, table, .lock, mode) }
        case "CreateTableAsStmt":
            let isView = statement["objtype"].string == "OBJECT_MATVIEW"
            touch(isView ? .materializedView : .table, statement["into"]["rel"], .create)
            readQuery(statement["query"])
        case "ViewStmt":
            touch(.view, statement["view"], .create, statement["replace"].isTrue ? .accessExclusive : nil)
            readQuery(statement["query"])
        case "DeclareCursorStmt": readQuery(statement["query"])
        default: readQuery(statement)
        }
    }

    private mutating func readCopy(_ statement: ParseNode) {
        if statement["query"].exists { readQuery(statement["query"]) }
        let isFrom = statement["is_from"].isTrue
        touch(.table, statement["relation"], isFrom ? .insert : .read, isFrom ? .rowExclusive : .accessShare)
    }

    /// EXPLAIN and similar: the query is planned but not run, so it only takes its locks.
    private mutating func readUnrun(_ query: ParseNode) {
        var other = EffectsReader()
        other.read(query)
        for touch in other.effects.touches {
            self.touch(
                touch.kind,
                touch.schema,
                touch.name,
                touch.action.writes ? .read : touch.action,
                touch.lock,
                at: touch.offset
            )
        }
    }

    /// The tables that a query or an expression reads and writes, at any depth.
    ///
    /// Whether a name means a common table expression is decided by the range of the tree in which that is visible.
    /// This needs no recursion, so no query is too deep.
    mutating func readQuery(_ query: ParseNode) {
        let parts = QueryParts(query)
        for table in parts.writes {
            // A MERGE without actions takes its lock too.
            for action in table.actions.isEmpty ? [.read] : table.actions {
                touch(.table, table.node, action, .rowExclusive)
            }
            note(table)
        }
        for table in parts.reads where !parts.isCommonTable(table) {
            touch(.table, table, .read, parts.isLocked(table) ? .rowShare : .accessShare)
        }
        for created in parts.creates where !intoIsVariable { touch(.table, created, .create) }
        for call in parts.calls { noteSetting(of: call) }
    }

    private mutating func note(_ write: QueryParts.Write) {
        let relation = relation(write.node)
        // A MERGE reaches the rows that its condition joins.
        let isConditional = write.isMerge || write.statement["whereClause"].exists
        for action in write.actions {
            switch action {
            case .delete: destroy(.deleting, .table, relation, isConditional: isConditional)
            case .update: destroy(.rewriting, .table, relation, isConditional: isConditional)
            case .insert where write.statement["onConflictClause"]["action"].string == "ONCONFLICT_UPDATE":
                destroy(.rewriting, .table, relation, isConditional: true)
            default: break
            }
        }
    }
}

/// What a query is made of, found in one pass over its tree.
struct QueryParts {
    struct Write {
        var node: ParseNode
        var actions: [Touch.Action]
        var statement: ParseNode

        var isMerge: Bool { statement["mergeWhenClauses"].exists }
        /// The statement changes or deletes all rows of the table.
        var isUnbounded: Bool {
            (actions == [.update] || actions == [.delete]) && !isMerge && !statement["whereClause"].exists
        }
    }

    private(set) var reads: [ParseNode] = []
    private(set) var creates: [ParseNode] = []
    private(set) var calls: [ParseNode] = []
    private(set) var writes: [Write] = []
    private var commonTables: [(name: String, visible: Range<Int>, hidden: Range<Int>)] = []
    private var lockings: [(from: Range<Int>, names: Set<String>)] = []

    init(_ query: ParseNode) {
        query.forEachField { field, value in
            // The first letter excludes most fields.
            switch field.first {
            case UInt8(ascii: "R"): if field.is("RangeVar") { reads.append(value) }
            case UInt8(ascii: "F"): if field.is("FuncCall") { calls.append(value) }
            case UInt8(ascii: "I"): if field.is("InsertStmt") { write(value, [.insert]) }
            case UInt8(ascii: "U"): if field.is("UpdateStmt") { write(value, [.update]) }
            case UInt8(ascii: "D"): if field.is("DeleteStmt") { write(value, [.delete]) }
            case UInt8(ascii: "M"): if field.is("MergeStmt") { write(value, Self.merge(value)) }
            case UInt8(ascii: "S"): if field.is("SelectStmt") { select(value) }
            // The two sides of a set operation are SELECTs without the name.
            case UInt8(ascii: "l"):
                if field.is("larg") { select(value) }
                // Aliases appear there like tables.
                if field.is("lockedRels") { return false }
            case UInt8(ascii: "r"): if field.is("rarg") { select(value) }
            default: break
            }
            return true
        }
    }

    private mutating func write(_ statement: ParseNode, _ actions: [Touch.Action]) {
        writes.append(Write(node: statement["relation"], actions: actions, statement: statement))
        with(statement)
    }

    private static func merge(_ statement: ParseNode) -> [Touch.Action] {
        statement["mergeWhenClauses"].items.compactMap { clause in
            switch clause["commandType"].string {
            case "CMD_INSERT": .insert
            case "CMD_UPDATE": .update
            case "CMD_DELETE": .delete
            default: nil
            }
        }
    }

    private mutating func select(_ statement: ParseNode) {
        with(statement)
        let into = statement["intoClause"]["rel"]
        if into.exists { creates.append(into) }
        let from = statement["fromClause"]
        for locking in statement["lockingClause"].items {
            let names = locking["lockedRels"].items.compactMap { $0["relname"].string }
            lockings.append((from.range, Set(names)))
        }
    }

    private mutating func with(_ statement: ParseNode) {
        let clause = statement["withClause"]
        guard clause.exists else { return }
        let isRecursive = clause["recursive"].isTrue
        for table in clause["ctes"].items {
            guard let name = table["ctename"].string else { continue }
            // Without RECURSIVE the name is not visible in its own query and in earlier ones.
            let hidden = isRecursive ? 0..<0 : clause.range.lowerBound..<table.range.upperBound
            commonTables.append((name, statement.range, hidden))
        }
    }

    func isCommonTable(_ table: ParseNode) -> Bool {
        guard !commonTables.isEmpty, !table["schemaname"].exists, let name = table["relname"].string else {
            return false
        }
        let place = table.range.lowerBound
        return commonTables.contains { $0.name == name && $0.visible.contains(place) && !$0.hidden.contains(place) }
    }

    /// Whether a FOR UPDATE or FOR SHARE applies to the table.
    func isLocked(_ table: ParseNode) -> Bool {
        lockings.contains { locking in
            guard locking.from.contains(table.range.lowerBound) else { return false }
            let name = table["alias"]["aliasname"].string ?? table["relname"].string ?? ""
            return locking.names.isEmpty || locking.names.contains(name)
        }
    }
}
