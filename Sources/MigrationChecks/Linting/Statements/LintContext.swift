internal import Migrations
import SQLText

/// The information that rules have about a statement.
struct LintContext {
    let statement: SQLStatement
    let tree: ParseNode
    /// The kind of the root node, such as `AlterTableStmt`.
    let kind: String
    let effects: StatementEffects
    let transaction: TransactionState
    /// The objects that earlier statements create, in this file and in the files before it.
    let schema: SchemaModel
    /// Whether it is the last statement of the file that could be parsed.
    let isLast: Bool
    /// The subcommands of ALTER TABLE, for any table.
    let allAlterations: [Alteration]
    /// The subcommands of ALTER TABLE, if the table existed before the file.
    let alterations: [Alteration]
    private let file: ParsedFile
    /// The schemas before the file and after all files.
    private let end: (before: SchemaModel, outcome: SchemaModel?)
    private let cluster: ClusterTables

    init(
        _ statement: SQLStatement,
        _ tree: ParseNode,
        _ effects: StatementEffects,
        in file: ParsedFile,
        transaction: TransactionState,
        schema: SchemaModel,
        end: (before: SchemaModel, outcome: SchemaModel?),
        cluster: ClusterTables,
        isLast: Bool
    ) {
        self.statement = statement
        self.tree = tree
        self.effects = effects
        self.file = file
        self.transaction = transaction
        self.schema = schema
        self.end = end
        self.cluster = cluster
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

    /// Whether the statement is in a down file.
    var isDown: Bool { file.direction == .down }

    /// The schema after all files, or, if that is unknown, the schema after this file.
    var outcome: SchemaModel {
        if let outcome = end.outcome { return outcome }
        var schema = SchemaModel(over: end.before)
        schema.learn(from: file.script)
        return schema
    }

    /// The name in a `RangeVar` node.
    func relation(_ rangeVar: ParseNode) -> RelationName? {
        RelationName(rangeVar: rangeVar)
    }

    /// The name in a `RangeVar` node, if the relation existed before the file.
    func existing(_ rangeVar: ParseNode) -> RelationName? {
        guard let relation = relation(rangeVar), !isNew(relation) else { return nil }
        return relation
    }

    /// Whether the same file has created the relation. No other session can then be using it.
    func isNew(_ relation: RelationName) -> Bool {
        effects.makesNew(relation)
    }

    /// How Citus stores a table, according to earlier statements or, in a file that is not applied, to the database; nil
    /// if neither tells.
    ///
    /// - Parameter later: The schema after a part of the statement; nil for its beginning.
    func distribution(of table: RelationName, in later: SchemaModel? = nil) -> TableDistribution? {
        if let known = (later ?? schema).distribution(of: table) { return known }
        return cluster.isPending(file.migration.version) ? cluster[table] : nil
    }

    /// The tables with which Citus stores it; nil if neither earlier statements nor the database tell.
    func colocation(of table: RelationName, in later: SchemaModel? = nil) -> ColocationGroup? {
        if (later ?? schema).distribution(of: table) != nil { return (later ?? schema).colocation(of: table) }
        return cluster.isPending(file.migration.version) ? cluster.group(of: table) : nil
    }

    /// The table in a `RangeVar` node, if it is one of Citus.
    func citusTable(_ rangeVar: ParseNode) -> RelationName? {
        guard let table = relation(rangeVar), distribution(of: table)?.isManaged == true else { return nil }
        return table
    }

    /// Whether an earlier statement of the same file has created the table. Unlike `isNew`, it does not need a
    /// statement that touches the table.
    func isMadeHere(_ table: RelationName) -> Bool {
        file.statements.contains { earlier, effects in
            earlier.offset < statement.offset
                && effects.touches.contains { $0.kind == .table && $0.action == .create && $0.relation.canBe(table) }
        }
    }

    /// Whether the files show that the table is partitioned.
    func isPartitioned(_ table: RelationName) -> Bool { schema[table]?.isPartitioned == true }

    /// Whether ALTER TABLE or CREATE INDEX says ONLY, and so does not change the partitions.
    var isOnly: Bool { tree["relation"].exists && !tree["relation"]["inh"].isTrue }

    /// Whether a later statement of the file drops the table.
    func dropsLater(_ table: RelationName) -> Bool {
        file.statements.contains { later, effects in
            later.offset > statement.offset
                && effects.touches.contains { $0.kind == .table && $0.action == .drop && $0.relation.canBe(table) }
        }
    }

    /// Whether the same file creates the type.
    func isNewType(_ names: [String]) -> Bool {
        effects.touches.contains { $0.kind == .type && $0.isNew && $0.relation == RelationName(names: names) }
    }

    /// Whether the same file creates a view with this name, for programs that still use it.
    func isLeftBehind(_ relation: RelationName) -> Bool {
        file.effects.touches.contains {
            $0.kind == .view && $0.action == .create && !$0.isInBody && $0.relation == relation
        }
    }

    /// The columns that an ALTER TABLE adds to a table that existed before the file.
    var addedColumns: [AddedColumn] {
        alterations.filter { $0.kind == "AT_AddColumn" }.map { AddedColumn(table: $0.table, node: $0.node["def"]) }
    }

    /// The constraints that an ALTER TABLE adds to a table that existed before the file, except those of new columns.
    func addedConstraints(_ kind: String) -> [Alteration] {
        alterations.filter { $0.kind == "AT_AddConstraint" && $0.node["def"]["contype"].string == kind }
    }

    /// The columns whose type CREATE TABLE or ALTER TABLE sets.
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
    /// Whether the statement touches a relation that the same file has created.
    func makesNew(_ relation: RelationName) -> Bool {
        touches.contains { $0.isNew && $0.kind.isRelation && $0.name == relation.name && $0.schema == relation.schema }
    }
}

/// A subcommand of ALTER TABLE.
struct Alteration {
    /// A value of `AlterTableType` in PostgreSQL's `parsenodes.h`.
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

    /// The column constraint of a kind; an empty node if there is none.
    func constraint(_ kind: String) -> ParseNode {
        node["constraints"].items.first { $0["contype"].string == kind } ?? .none
    }

    func has(_ kind: String) -> Bool { constraint(kind).exists }
}
