import SQLText

/// Rules about statements that drop or rename objects, or delete rows, that programs still use.
enum LossRules {
    static let all = [
        dropColumn, dropTable, dropSchema, dropDatabase, truncateCascade, renameColumn, renameTable, renameSchema,
        renameEnumValue, missingWhere,
    ]

    private static let dropColumn = LintRule(
        "ban-drop-column",
        .loss,
        of: [.squawk, .strongMigrations],
        why: "Running programs still use the column, and its values are lost.",
        safeForm: "first deploy programs that do not use it; then silence the rule for the statement",
        kinds: ["AT_DropColumn"]
    ) { context in
        context.alterations.filter { $0.kind == "AT_DropColumn" }.map {
            LintMatch("\($0.table).\($0.name) is dropped, with its values", on: $0.table)
        }
    }

    private static let dropTable = LintRule(
        "ban-drop-table",
        .loss,
        of: [.squawk],
        why: "Running programs still use the table, and its rows are lost.",
        safeForm: "first deploy programs that do not use it; then silence the rule for the statement",
        kinds: ["DropStmt"]
    ) { context in
        guard context.tree["removeType"].string == "OBJECT_TABLE" else { return [] }
        return context.effects.touches.filter { $0.kind == .table && $0.action == .drop && !$0.isNew }.map {
            LintMatch("the table \($0.relation) is dropped, with its rows", on: $0.relation)
        }
    }

    private static let dropSchema = LintRule(
        "ban-drop-schema",
        .loss,
        of: [.squawk],
        why: "All objects in the schema are lost, including those that other migrations created.",
        safeForm: "drop the objects by name",
        kinds: ["DropStmt"]
    ) { context in
        guard context.tree["removeType"].string == "OBJECT_SCHEMA" else { return [] }
        let end = context.tree["behavior"].string == "DROP_CASCADE" ? " with everything in it" : ""
        return context.effects.touches.filter { $0.kind == .schema && $0.action == .drop && !$0.isNew }.map {
            LintMatch("the schema \($0.name) is dropped\(end)")
        }
    }

    private static let dropDatabase = LintRule(
        "ban-drop-database",
        .loss,
        of: [.squawk],
        severity: .error,
        why: "A whole database is lost.",
        safeForm: "leave this to the administrators of the server",
        kinds: ["DropdbStmt"]
    ) { context in [LintMatch("the database \(context.tree["dbname"].string ?? "") is dropped")] }

    private static let truncateCascade = LintRule(
        "ban-truncate-cascade",
        .loss,
        of: [.squawk],
        why: "TRUNCATE … CASCADE also empties every table that refers to this one, directly or indirectly.",
        safeForm: "name the tables, without CASCADE",
        kinds: ["TruncateStmt"]
    ) { context in
        guard context.tree["behavior"].string == "DROP_CASCADE" else { return [] }
        let tables = context.tree["relations"].items.compactMap(context.existing)
        return tables.isEmpty
            ? [] : [LintMatch("tables that refer to \(tables[0]) are emptied too", on: tables[0])]
    }

    private static let renameColumn = LintRule(
        "renaming-column",
        .loss,
        of: [.squawk, .strongMigrations],
        why: "Running programs still use the old name.",
        safeForm:
            "add a column with the new name, write to both, fill it, read from it, and drop the old one last",
        kinds: ["RenameStmt"]
    ) { context in
        guard context.tree["renameType"].string == "OBJECT_COLUMN",
            let table = context.existing(context.tree["relation"])
        else { return [] }
        let old = context.tree["subname"].string ?? ""
        return [LintMatch("\(table).\(old) is renamed, but programs may still use this name", on: table)]
    }

    private static let renameTable = LintRule(
        "renaming-table",
        .loss,
        of: [.squawk, .strongMigrations],
        why: "Running programs still use the old name.",
        safeForm:
            "create a view with the old name in the same file, and keep it until all programs use the new name",
        kinds: ["RenameStmt"]
    ) { context in
        guard context.tree["renameType"].string == "OBJECT_TABLE",
            let table = context.existing(context.tree["relation"])
        else { return [] }
        return context.isLeftBehind(table)
            ? [] : [LintMatch("\(table) is renamed, but programs may still use this name", on: table)]
    }

    private static let renameSchema = LintRule(
        "renaming-schema",
        .loss,
        of: [.strongMigrations],
        isOnByDefault: false,
        why: "Running programs still use the old name for all objects in the schema.",
        safeForm: "create a schema with the new name, and move the objects one by one",
        kinds: ["RenameStmt"]
    ) { context in
        guard context.tree["renameType"].string == "OBJECT_SCHEMA" else { return [] }
        let schemas = context.effects.touches.filter { $0.kind == .schema && $0.action == .rename && !$0.isNew }
        return schemas.map { LintMatch("the schema \($0.name) is renamed") }
    }

    private static let missingWhere = LintRule(
        "missing-where",
        .loss,
        why: "An UPDATE or DELETE without WHERE changes every row of the table, and the old values are lost.",
        safeForm:
            "select the rows with WHERE, in batches if there are many; if all rows are meant, write WHERE true",
        kinds: ["UpdateStmt", "DeleteStmt"]
    ) { context in
        guard !context.tree["whereClause"].exists, let table = context.existing(context.tree["relation"]) else {
            return []
        }
        let verb = context.kind == "DeleteStmt" ? "deleted" : "changed"
        return [LintMatch("every row of \(table) is \(verb)", on: table)]
    }

    private static let renameEnumValue = LintRule(
        "renaming-enum-value",
        .loss,
        of: [.strongMigrations],
        isOnByDefault: false,
        why: "Running programs still send the old value, which is then an error.",
        safeForm: "add the new value, deploy programs that know both, and update the rows",
        kinds: ["AlterEnumStmt"]
    ) { context in
        let type = context.tree["typeName"].names
        guard context.tree["oldVal"].exists, !context.isNewType(type) else { return [] }
        return [LintMatch("a value of \(type.joined(separator: ".")) is renamed")]
    }
}
