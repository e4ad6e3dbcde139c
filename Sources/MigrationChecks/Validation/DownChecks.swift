internal import Migrations
internal import SQLText

/// Checks that a down file removes only what its up file has created.
struct DownChecks {
    let up: ParsedFile
    let down: ParsedFile

    init?(_ migration: CheckedMigration) {
        // A DO block, or a statement that could not be parsed, may create anything.
        guard let up = migration.up, let down = migration.down, up.isTransparent else { return nil }
        self.up = up
        self.down = down
    }

    func findings() -> [Finding] { drops() + deletions() }

    private func drops() -> [Finding] {
        let names = TableNames(up, down)
        lazy var made = MadeObjects(up, names)
        lazy var again = MadeObjects(down, names)
        return down.statements.flatMap { statement, effects -> [Finding] in
            var lost: [String] = []
            for touch in effects.touches where touch.action == .drop && !touch.isInBody {
                guard !made.has(touch.kind, touch.relation), !again.has(touch.kind, touch.relation) else { continue }
                // Triggers, rules and policies are recorded with the schema of their table, but belong to no schema.
                let isPart = [.trigger, .rule, .policy].contains(touch.kind)
                lost.append("the \(touch.kind.rawValue) \(isPart ? touch.name : touch.relation.description)")
            }
            for (table, name) in statement.tree?.droppedConstraints ?? []
            where !made.has(constraint: name, of: table) && !again.has(constraint: name, of: table) {
                lost.append("the constraint \(name) of \(table)")
            }
            for loss in effects.destruction where loss.means == .dropping {
                guard let column = loss.column, !made.has(column: column, of: loss.relation),
                    !again.has(column: column, of: loss.relation)
                else { continue }
                lost.append("the column \(loss.relation).\(column)")
            }
            return lost.map {
                down.finding(
                    .downDropsMore,
                    at: statement,
                    "it drops \($0), which its up file does not create",
                    hint: "a down file undoes only its own up file; remove the statement"
                )
            }
        }
    }

    private func deletions() -> [Finding] {
        lazy var made = MadeObjects(up, TableNames(up, down))
        return down.statements.compactMap { statement, effects in
            guard let tree = statement.tree else { return nil }
            for loss in effects.destruction where loss.means == .deleting && loss.kind == .table {
                guard !made.has(.table, loss.relation), let problem = problem(loss, tree) else { continue }
                return down.finding(
                    .downDeletesMore,
                    problem.severity,
                    at: statement,
                    problem.message,
                    hint: "delete by the keys of the rows that the up file inserts"
                )
            }
            return nil
        }
    }

    private func problem(_ loss: Destruction, _ tree: ParseNode) -> (message: String, severity: Finding.Severity?)? {
        let table = loss.relation
        let inserts = up.script.statements.compactMap(\.tree).flatMap { tree in
            tree.descendants(ofKind: "InsertStmt").filter { insert in
                RelationName(rangeVar: insert["relation"])?.canBe(loss.relation) == true
            }
        }
        guard !inserts.isEmpty else { return ("it deletes rows of \(table), but its up file inserts none", nil) }
        guard loss.isConditional else {
            return ("it deletes all rows of \(table), not only those that its up file inserts", nil)
        }
        guard tree.isKind("DeleteStmt") else { return nil }
        let condition = RowCondition(tree["whereClause"])
        let inserted = Set(inserts.flatMap { $0.descendants(ofKind: "A_Const").compactMap(\.constant) })
        // The file does not show the keys of rows that a query inserts.
        let areListed = inserts.allSatisfy { $0["selectStmt"]["valuesLists"].exists }
        guard areListed, !condition.asksTables, !condition.keys.contains(where: { $0.isSubset(of: inserted) }) else {
            return nil
        }
        return ("it deletes rows of \(table) by other values than the keys that its up file inserts", .warning)
    }
}

/// The names of a table in an up file and its down file, either of which may rename it.
private struct TableNames {
    private var renames: [(RelationName, RelationName)] = []

    init(_ files: ParsedFile...) {
        for (statement, effects) in files.flatMap(\.statements) {
            guard let tree = statement.tree else { continue }
            for touch in effects.touches where touch.kind == .table && !touch.isInBody {
                var name = touch.relation
                if touch.action == .rename, let new = tree["newname"].string {
                    name.name = new
                } else if tree.isKind("AlterObjectSchemaStmt"), let schema = tree["newschema"].string {
                    name.schema = schema
                } else {
                    continue
                }
                renames.append((touch.relation, name))
            }
        }
    }

    /// Whether both names may belong to the same table.
    func areSame(_ a: RelationName, _ b: RelationName) -> Bool {
        if a.canBe(b) { return true }
        var known = [a]
        var next = 0
        while next < known.count, !renames.isEmpty {
            for (old, new) in renames {
                let other = old.canBe(known[next]) ? new : new.canBe(known[next]) ? old : nil
                if let other, !known.contains(other) { known.append(other) }
            }
            next += 1
        }
        return known.contains { $0.canBe(b) }
    }
}

/// The objects that a file creates, as far as its statements show.
private struct MadeObjects {
    private let names: TableNames
    private var objects: [(kind: ObjectKind, name: RelationName)] = []
    private var columns: [(table: RelationName, name: String)] = []
    private var constraints: [(table: RelationName, name: String)] = []
    /// The tables of indexes and constraints without a name. The server names them after the table.
    private var unnamed: [RelationName] = []

    init(_ file: ParsedFile, _ names: TableNames) {
        self.names = names
        for (statement, effects) in file.statements {
            for touch in effects.touches where touch.action == .create && !touch.isInBody {
                objects.append((Self.plain(touch.kind), touch.relation))
            }
            guard let tree = statement.tree else { continue }
            let table = RelationName(rangeVar: tree["relation"]) ?? RelationName(schema: nil, name: "")
            if tree.isKind("RenameStmt"), let name = tree["newname"].string {
                if tree["renameType"].string == "OBJECT_COLUMN" {
                    columns.append((table, name))
                } else {
                    let schema = table.schema ?? effects.touches.first?.schema
                    objects += effects.touches.map { (Self.plain($0.kind), RelationName(schema: schema, name: name)) }
                }
            }
            if tree.isKind("AlterObjectSchemaStmt"), let schema = tree["newschema"].string {
                objects += effects.touches.map { (Self.plain($0.kind), RelationName(schema: schema, name: $0.name)) }
            }
            if tree.isKind("IndexStmt"), !tree["idxname"].exists { unnamed.append(table) }
            if tree.isKind("RenameStmt"), tree["renameType"].string == "OBJECT_TABCONSTRAINT" {
                constraints.append((table, tree["newname"].string ?? ""))
            }
            for command in tree["cmds"].items { read(command, of: table) }
        }
    }

    private mutating func read(_ command: ParseNode, of table: RelationName) {
        let definition = command["def"]
        switch command["subtype"].string {
        case "AT_AddColumn":
            if let name = definition["colname"].string { columns.append((table, name)) }
            for constraint in definition["constraints"].items { read(constraint: constraint, of: table) }
        case "AT_AddConstraint": read(constraint: definition, of: table)
        default: break
        }
    }

    private mutating func read(constraint: ParseNode, of table: RelationName) {
        if let name = constraint["conname"].string {
            constraints.append((table, name))
        } else {
            unnamed.append(table)
        }
    }

    private static func plain(_ kind: ObjectKind) -> ObjectKind { kind == .foreignTable ? .table : kind }

    func has(_ kind: ObjectKind, _ name: RelationName) -> Bool {
        if kind == .index,
            unnamed.contains(where: { name.name.hasPrefix("\($0.name)_") })
                || constraints.contains(where: { $0.name == name.name })
        {
            return true
        }
        return objects.contains { object in
            if object.kind == Self.plain(kind), object.name.canBe(name) { return true }
            // Keys, serial columns and tables create indexes, sequences and types with similar names.
            let isImplied = [.index, .sequence, .type, .constraint].contains(kind) && object.kind == .table
            return isImplied && (name.name == object.name.name || name.name.hasPrefix(object.name.name + "_"))
        }
    }

    func has(column: String, of table: RelationName) -> Bool {
        has(.table, table) || columns.contains { $0.name == column && names.areSame($0.table, table) }
    }

    func has(constraint: String, of table: RelationName) -> Bool {
        has(.table, table) || constraints.contains { $0.name == constraint && names.areSame($0.table, table) }
            || unnamed.contains { names.areSame($0, table) && constraint.hasPrefix("\($0.name)_") }
            // With IF EXISTS, a file may drop a unique index as a constraint, whether it has become one or not.
            || has(.index, RelationName(schema: table.schema, name: constraint))
    }
}

extension ParseNode {
    /// The constraints that ALTER TABLE drops.
    fileprivate var droppedConstraints: [(table: RelationName, name: String)] {
        guard isKind("AlterTableStmt"), let table = RelationName(rangeVar: self["relation"]) else { return [] }
        return self["cmds"].items.filter { $0["subtype"].string == "AT_DropConstraint" }
            .compactMap { command in command["name"].string.map { (table, $0) } }
    }
}

/// The condition of a DELETE, with the parts that compare a column with constants.
private struct RowCondition {
    /// For each part that allows only certain constants: these constants.
    private(set) var keys: [Set<String>] = []
    /// Whether a subquery makes the affected rows depend on more than the file shows.
    let asksTables: Bool

    init(_ condition: ParseNode) {
        asksTables = !condition.descendants(ofKind: "SubLink").isEmpty
        var open = [condition]
        while let part = open.popLast() {
            if part.isKind("BoolExpr"), part["boolop"].string == "AND_EXPR" {
                open += part["args"].items
            } else if part.isKind("A_Expr"), part["name"].names == ["="] {
                let constants = part.descendants(ofKind: "A_Const").compactMap(\.constant)
                let isComparison = ["AEXPR_OP", "AEXPR_IN", "AEXPR_OP_ANY"].contains(part["kind"].string ?? "")
                if isComparison, !constants.isEmpty { keys.append(Set(constants)) }
            } else if part.isKind("BoolExpr"), part["boolop"].string == "OR_EXPR" {
                // For example `a = 1 OR a = 2`.
                let choices = part["args"].items.map { RowCondition($0).keys.first }
                if !choices.contains(nil) { keys.append(Set(choices.compactMap(\.self).joined())) }
            }
        }
    }
}

extension ParseNode {
    /// The text of an `A_Const` node; nil for NULL.
    var constant: String? {
        if let text = string { return text }
        // The parser omits the value for 0 and for empty text.
        if self["ival"].exists { return "\(self["ival"]["ival"].int ?? 0)" }
        if self["fval"].exists { return self["fval"]["fval"].string }
        if self["boolval"].exists { return self["boolval"]["boolval"].isTrue ? "true" : "false" }
        return self["sval"].exists ? "" : nil
    }
}
