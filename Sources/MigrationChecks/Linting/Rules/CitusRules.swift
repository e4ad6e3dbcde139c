import SQLText

/// Rules about statements on tables that Citus distributes. Each follows a check in Citus 12.1 (`commands/table.c`,
/// `index.c`, `trigger.c`, `foreign_constraint.c`, `planner/multi_router_planner.c`).
enum CitusRules {
    static let all = [
        separateSubcommands, sequenceColumn, distributionColumn, uniqueKey, foreignKey, unsupported, volatileUpdate,
        notPropagated, blockingDistribution,
    ]

    private static let separateSubcommands = LintRule(
        "citus-separate-subcommands",
        .citus,
        severity: .error,
        isOnByDefault: false,
        isRefusal: true,
        why:
            "For a table of Citus, ADD CONSTRAINT, ENABLE or DISABLE TRIGGER, a default from a sequence and constraints "
            + "of a new column need an ALTER TABLE of their own.",
        safeForm: "write one ALTER TABLE for each subcommand",
        kinds: ["AlterTableStmt"]
    ) { context in
        guard let table = context.citusTable(context.tree["relation"]) else { return [] }
        return context.allAlterations.compactMap { command in
            guard let what = lonelySubcommand(command, isAlone: context.allAlterations.count == 1) else { return nil }
            return LintMatch("Citus refuses \(what) on \(table)", at: command.offset)
        }
    }

    /// What makes a subcommand unfit for this ALTER TABLE; nil if it fits.
    private static func lonelySubcommand(_ command: Alteration, isAlone: Bool) -> String? {
        switch command.kind {
        case "AT_AddConstraint" where !isAlone: return "ADD CONSTRAINT together with other subcommands"
        case _ where CitusSubcommands.triggers.contains(command.kind) && !isAlone:
            return "ENABLE and DISABLE TRIGGER together with other subcommands"
        case "AT_ColumnDefault" where !isAlone && SequenceUse.isIn(command.definition):
            return "SET DEFAULT nextval(…) together with other subcommands"
        case "AT_AddColumn":
            let column = AddedColumn(table: command.table, node: command.definition)
            let isUnnamed = { (kind: String) in
                column.has(kind) && column.constraint(kind)["conname"].string == nil
            }
            if isUnnamed("CONSTR_CHECK") { return "a CHECK without a name in ADD COLUMN" }
            // With the name of a foreign key, Citus 12.1 ends the connection.
            let isRefused = column.has("CONSTR_FOREIGN") || isUnnamed("CONSTR_UNIQUE") || isUnnamed("CONSTR_PRIMARY")
            return isRefused && !isAlone ? "a constraint in ADD COLUMN together with other subcommands" : nil
        default: return nil
        }
    }

    private static let sequenceColumn = LintRule(
        "citus-sequence-column",
        .citus,
        severity: .error,
        isOnByDefault: false,
        isRefusal: true,
        why: "Citus cannot add a serial or identity column to its tables, nor fill one from a sequence.",
        safeForm:
            "add the column as bigint, and in another statement ALTER COLUMN … SET DEFAULT nextval(…); then fill the "
            + "old rows",
        kinds: ["AT_AddColumn"]
    ) { context in
        guard let table = context.citusTable(context.tree["relation"]) else { return [] }
        return context.allAlterations.filter { $0.kind == "AT_AddColumn" }.compactMap { command in
            let column = AddedColumn(table: command.table, node: command.definition)
            let value = column.constraint("CONSTR_DEFAULT")["raw_expr"]
            // Rows that the file has not seen may be in a table of an earlier file.
            let takesNumbers = SequenceUse.isIn(value) && !context.isNew(command.table)
            guard column.type.isSerial || column.has("CONSTR_IDENTITY") || takesNumbers else { return nil }
            return LintMatch("Citus refuses to add \(column.name) to \(table)", at: column.offset)
        }
    }

    private static let distributionColumn = LintRule(
        "citus-distribution-column",
        .citus,
        severity: .error,
        isOnByDefault: false,
        isRefusal: true,
        why: "The distribution column decides where a row is, so neither its definition nor its values can change.",
        safeForm: "distribute the table by another column with alter_distributed_table, or write the rows anew",
        kinds: ["AlterTableStmt", "UpdateStmt"]
    ) { context in
        guard let table = context.relation(context.tree["relation"]), let key = context.distribution(of: table)?.column
        else { return [] }
        if context.kind == "UpdateStmt" {
            return context.tree["targetList"].items.filter { target in
                target["name"].string == key && target["val"]["fields"].names.last != key
            }.map { LintMatch("\(table) is distributed by \(key)", at: $0.content.offset) }
        }
        return context.allAlterations.filter {
            CitusSubcommands.ofColumns.contains($0.kind) && $0.name == key
        }.map { LintMatch("\(table) is distributed by \(key)", at: $0.offset) }
    }

    private static let uniqueKey = LintRule(
        "citus-unique-without-distribution-column",
        .citus,
        severity: .error,
        isOnByDefault: false,
        isRefusal: true,
        why: "Shards never compare their rows, so a unique key must contain the distribution column.",
        safeForm: "add the distribution column to the key, or make the table a reference table",
        kinds: ["AlterTableStmt", "IndexStmt", "SelectStmt"]
    ) { context in
        guard !context.transaction.settings.contains("citus.allow_unsafe_constraints") else { return [] }
        return UniqueKey.all(in: context).compactMap { key in
            let columns = key.columns.compactMap(\.self)
            // An index on an expression may be a key that the text does not show.
            guard !columns.contains(key.distributionColumn), !columns.isEmpty else { return nil }
            return LintMatch(
                "the key (\(columns.joined(separator: ", "))) of \(key.table) lacks \(key.distributionColumn), by which "
                    + "the table is distributed",
                at: key.offset
            )
        }
    }

    private static let foreignKey = LintRule(
        "citus-foreign-key",
        .citus,
        severity: .error,
        isOnByDefault: false,
        isRefusal: true,
        why:
            "A foreign key is checked on one node: a distributed table can only refer to reference tables, or with its "
            + "distribution column to that of a table in its group.",
        safeForm:
            "include the distribution columns of both tables in the key and store the tables together, or make the "
            + "other a reference table first",
        kinds: ["AlterTableStmt", "CreateStmt", "SelectStmt"]
    ) { context in CitusForeignKeys.all(in: context) }

    private static let unsupported = LintRule(
        "citus-unsupported-statement",
        .citus,
        severity: .error,
        isOnByDefault: false,
        isRefusal: true,
        why: "Citus refuses some statements for its tables that PostgreSQL accepts for ordinary ones.",
        safeForm: "use another statement, or undistribute the table first",
        kinds: [
            "AlterTableStmt", "CreateTrigStmt", "DropStmt", "IndexStmt", "SelectStmt", "InsertStmt", "UpdateStmt",
            "DeleteStmt",
        ]
    ) { context in CitusRefusals.all(in: context) }

    private static let volatileUpdate = LintRule(
        "citus-volatile-update",
        .citus,
        severity: .error,
        isOnByDefault: false,
        isRefusal: true,
        why: "Citus refuses an UPDATE of its tables with a function that returns another value for each row.",
        safeForm: "select the values in a CTE that is MATERIALIZED, and join it by the distribution column",
        kinds: ["UpdateStmt"]
    ) { context in
        guard let table = context.citusTable(context.tree["relation"]) else { return [] }
        return context.tree["targetList"].items.compactMap { target in
            guard let function = VolatileFunctions.firstKnown(in: target["val"]) else { return nil }
            return LintMatch("\(table) is updated with \(function)()", at: target.content.offset)
        }
    }

    private static let notPropagated = LintRule(
        "citus-not-propagated",
        .citus,
        severity: .info,
        isOnByDefault: false,
        why: "Citus runs the statement on the coordinator alone, and the workers stay as they were.",
        safeForm: "run it on the workers too, for example with run_command_on_workers, if they need it",
        kinds: [
            "AlterDatabaseSetStmt", "AlterDefaultPrivilegesStmt", "CreateEventTrigStmt", "RuleStmt",
            "CreateTableAsStmt",
        ]
    ) { context in
        if context.kind == "CreateTableAsStmt" {
            guard context.tree["objtype"].string == "OBJECT_MATVIEW" else { return [] }
            return [LintMatch("the materialized view is made on the coordinator alone")]
        }
        return [LintMatch("\(context.statement.tag) takes effect on the coordinator alone")]
    }

    private static let blockingDistribution = LintRule(
        "citus-distribution-blocks-writes",
        .citus,
        isOnByDefault: false,
        growsWithTable: true,
        why: "Distributing a table copies its rows to the shards, and meanwhile blocks writes.",
        safeForm: "distribute the table in the file that creates it, or use create_distributed_table_concurrently",
        kinds: ["SelectStmt"]
    ) { context in
        CitusCall.all(in: context.tree).compactMap { call in
            guard call.function == "create_distributed_table" || call.function == "create_reference_table",
                let table = call.table, !context.isMadeHere(table)
            else { return nil }
            return LintMatch(
                "writes to \(table) are blocked until its rows are copied",
                on: table,
                at: call.offset,
                hint: call.function == "create_reference_table"
                    ? "make it a reference table in the file that creates it, or while it is not in use" : nil
            )
        }
    }
}

private enum SequenceUse {
    /// Whether an expression takes numbers from a sequence.
    static func isIn(_ expression: ParseNode) -> Bool {
        expression.descendants(ofKind: "FuncCall").contains { $0["funcname"].names.last == "nextval" }
    }
}

/// A unique key of a table that is distributed by a column.
private struct UniqueKey {
    let table: RelationName
    let distributionColumn: String
    /// nil for an expression.
    let columns: [String?]
    let offset: Int?

    /// The keys that the statement makes, and those of a table that it distributes.
    static func all(in context: LintContext) -> [UniqueKey] {
        if context.kind == "SelectStmt" { return distributed(context) }
        guard let table = context.relation(context.tree["relation"]),
            let column = context.distribution(of: table)?.column
        else { return [] }
        if context.kind == "IndexStmt" {
            guard context.tree["unique"].isTrue else { return [] }
            let columns = context.tree["indexParams"].items.map { $0["name"].string }
            return [UniqueKey(table: table, distributionColumn: column, columns: columns, offset: nil)]
        }
        return context.allAlterations.flatMap { command -> [UniqueKey] in
            switch command.kind {
            case "AT_AddConstraint": return keys([command.definition], nil)
            case "AT_AddColumn":
                return keys(command.definition["constraints"].items, command.definition["colname"].string)
            default: return []
            }
        }
        func keys(_ constraints: [ParseNode], _ name: String?) -> [UniqueKey] {
            constraints.filter { ["CONSTR_UNIQUE", "CONSTR_PRIMARY"].contains($0["contype"].string ?? "") }.map {
                let columns = name.map { [$0] } ?? $0["keys"].names
                return UniqueKey(
                    table: table,
                    distributionColumn: column,
                    columns: columns,
                    offset: $0.content.offset
                )
            }
        }
    }

    private static func distributed(_ context: LintContext) -> [UniqueKey] {
        CitusCall.all(in: context.tree).flatMap { call -> [UniqueKey] in
            guard let table = call.table, let column = call.distribution?.column else { return [] }
            return (context.schema[table]?.uniqueKeys ?? []).map {
                UniqueKey(table: table, distributionColumn: column, columns: $0, offset: call.offset)
            }
        }
    }
}
