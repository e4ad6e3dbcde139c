internal import Migrations
import SQLText

/// What a rule sees of a statement.
struct LintContext {
    let statement: SQLStatement
    let tree: ParseNode
    /// As the tree names it, such as `AlterTableStmt`.
    let kind: String
    let effects: StatementEffects
    let transaction: TransactionState
    /// What was made before this statement, in this file and those before.
    let schema: SchemaModel
    /// The last one of the file that the parser knows.
    let isLast: Bool
    /// The subcommands of ALTER TABLE, whatever the table.
    let allAlterations: [Alteration]
    /// Those on a table that was there before.
    let alterations: [Alteration]
    private let file: ParsedFile
    /// What was there before the file, and what is there when all is done.
    private let end: (before: SchemaModel, outcome: SchemaModel?)

    init(
        _ statement: SQLStatement,
        _ tree: ParseNode,
        _ effects: StatementEffects,
        in file: ParsedFile,
        transaction: TransactionState,
        schema: SchemaModel,
        end: (before: SchemaModel, outcome: SchemaModel?),
        isLast: Bool
    ) {
        self.statement = statement
        self.tree = tree
        self.effects = effects
        self.file = file
        self.transaction = transaction
        self.schema = schema
        self.end = end
        self.isLast = isLast
        kind = tree.kind
        guard kind == "AlterTableStmt", let table = RelationName(rangeVar: tree["relation"]) else {
            allAlterations = []
            alterations = []
            return
        }
        allAlterations = tree["cmds"].items.map {
            Alteration(kind: $0["subtype"].string ?? "", table: table, node: $0)
        }
        alterations = effects.makesNew(table) ? [] : allAlterations
    }

    /// Whether it is in a file that goes down.
    var isDown: Bool { file.direction == .down }

    /// What is there when all is done, as far as it is known.
    var outcome: SchemaModel {
        if let outcome = end.outcome { return outcome }
        var schema = SchemaModel(over: end.before)
        schema.learn(from: file.script)
        return schema
    }

    /// The name in a `RangeVar`.
    func relation(_ rangeVar: ParseNode) -> RelationName? {
        RelationName(rangeVar: rangeVar)
    }

    /// The name in a `RangeVar`, if it was there before the file.
    func existing(_ rangeVar: ParseNode) -> RelationName? {
        guard let relation = relation(rangeVar), !isNew(relation) else { return nil }
        return relation
    }

    /// The same file created it, so that no other session waits for it.
    func isNew(_ relation: RelationName) -> Bool {
        effects.makesNew(relation)
    }

    /// A table that is cut into partitions, as far as files tell.
    func isPartitioned(_ table: RelationName) -> Bool { schema[table]?.isPartitioned == true }

    /// The ALTER TABLE or CREATE INDEX says ONLY, so that it leaves the partitions alone.
    var isOnly: Bool { tree["relation"].exists && !tree["relation"]["inh"].isTrue }

    /// The file drops the table later on.
    func dropsLater(_ table: RelationName) -> Bool {
        file.statements.contains { later, effects in
            later.offset > statement.offset
                && effects.touches.contains { $0.kind == .table && $0.action == .drop && $0.relation.canBe(table) }
        }
    }

    /// The same file creates the type.
    func isNewType(_ names: [String]) -> Bool {
        effects.touches.contains { $0.kind == .type && $0.isNew && $0.relation == RelationName(names: names) }
    }

    /// The same file makes a view of this name, for those who still use it.
    func isLeftBehind(_ relation: RelationName) -> Bool {
        file.effects.touches.contains {
            $0.kind == .view && $0.action == .create && !$0.isInBody && $0.relation == relation
        }
    }

    /// The columns that an ALTER TABLE adds to a table that was there before.
    var addedColumns: [AddedColumn] {
        alterations.filter { $0.kind == "AT_AddColumn" }.map { AddedColumn(table: $0.table, node: $0.node["def"]) }
    }

    /// The constraints that an ALTER TABLE adds to a table that was there before, not those of new columns.
    func addedConstraints(_ kind: String) -> [Alteration] {
        alterations.filter { $0.kind == "AT_AddConstraint" && $0.node["def"]["contype"].string == kind }
    }

    /// Columns that CREATE TABLE and ALTER TABLE give a type to.
    var typedColumns: [AddedColumn] {
        if kind == "CreateStmt", let table = relation(tree["relation"]) {
            return tree["tableElts"].items.filter { $0.isKind("ColumnDef") }.map { AddedColumn(table: table, node: $0) }
        }
        return allAlterations.filter { $0.kind == "AT_AddColumn" || $0.kind == "AT_AlterColumnType" }.map {
            AddedColumn(table: $0.table, node: $0.node["def"], alteredName: $0.node["name"].string)
        }
    }
}

extension StatementEffects {
    /// It touches the relation, which the same file has created.
    func makesNew(_ relation: RelationName) -> Bool {
        touches.contains { $0.isNew && $0.kind.isRelation && $0.name == relation.name && $0.schema == relation.schema }
    }
}

/// A subcommand of ALTER TABLE.
struct Alteration {
    /// From `AlterTableType` of `parsenodes.h`.
    let kind: String
    let table: RelationName
    let node: ParseNode

    var name: String { node["name"].string ?? "" }
    var definition: ParseNode { node["def"] }
    var offset: Int? { node["def"]["location"].int == nil ? nil : node["def"].content.offset }
}

/// A column as CREATE TABLE or ALTER TABLE defines it.
struct AddedColumn {
    let table: RelationName
    let node: ParseNode
    var alteredName: String?

    var name: String { alteredName ?? node["colname"].string ?? "" }
    var fullName: String { "\(table).\(name)" }
    var type: ColumnType { ColumnType(node["typeName"]) }
    var offset: Int? { node["location"].int == nil ? nil : node.content.offset }

    /// The constraint of a kind that stands behind the column, or an empty node.
    func constraint(_ kind: String) -> ParseNode {
        node["constraints"].items.first { $0["contype"].string == kind } ?? .none
    }

    func has(_ kind: String) -> Bool { constraint(kind).exists }
}
