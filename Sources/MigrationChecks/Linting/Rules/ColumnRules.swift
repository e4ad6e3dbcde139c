import SQLText

/// Rules about columns that are added or changed while other sessions use the table, and about other rewrites.
enum ColumnRules {
    static let all = [
        required, volatileDefault, serial, identity, generated, typeChange, rewrite, json, defaultChange,
    ]

    private static let required = LintRule(
        "adding-required-field",
        .columns,
        of: [.squawk],
        severity: .error,
        why: "A column that is NOT NULL and has no default cannot be added to a table with rows.",
        safeForm:
            "add it with a default, or add it without NOT NULL, fill it, and make it NOT NULL in a later file",
        kinds: ["AT_AddColumn"]
    ) { context in
        context.addedColumns.filter { column in
            let isFilled = ["CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"].contains(where: column.has)
            return (column.has("CONSTR_NOTNULL") || column.has("CONSTR_PRIMARY")) && !isFilled && !column.type.isSerial
        }.map { LintMatch("existing rows of \($0.table) have no \($0.name)", on: $0.table, at: $0.offset) }
    }

    private static let volatileDefault = LintRule(
        "adding-field-with-default",
        .columns,
        of: [.squawk, .strongMigrations, .eugene],
        growsWithTable: true,
        why:
            "Adding a column whose default may differ from row to row rewrites the whole table, and meanwhile "
            + "blocks reads and writes.",
        safeForm: "add the column without the default, set the default, and fill the old rows in batches",
        kinds: ["AT_AddColumn"]
    ) { context in
        context.addedColumns.compactMap { column in
            let value = column.constraint("CONSTR_DEFAULT")["raw_expr"]
            guard let function = VolatileFunctions.first(in: value, context.schema) else { return nil }
            return LintMatch(
                "\(column.table) is rewritten, because \(function)() may return another value for each row",
                on: column.table,
                at: column.offset
            )
        }
    }

    private static let serial = LintRule(
        "adding-serial-column",
        .columns,
        of: [.strongMigrations, .eugene],
        growsWithTable: true,
        why: "Adding a serial column rewrites the whole table, and meanwhile blocks reads and writes.",
        safeForm: "add the column as bigint, set its default to the sequence, and fill the old rows in batches",
        kinds: ["AT_AddColumn"]
    ) { context in
        rewritten(context.addedColumns.filter(\.type.isSerial), "each row gets a number")
    }

    private static let identity = LintRule(
        "adding-identity-column",
        .columns,
        of: [.strongMigrations],
        growsWithTable: true,
        why: "Adding an identity column rewrites the whole table, and meanwhile blocks reads and writes.",
        safeForm:
            "add the column as bigint, fill it in batches from a sequence, and finally ADD GENERATED AS IDENTITY",
        kinds: ["AT_AddColumn"]
    ) { context in
        rewritten(context.addedColumns.filter { $0.has("CONSTR_IDENTITY") }, "each row gets a number")
    }

    private static let generated = LintRule(
        "adding-stored-generated-column",
        .columns,
        of: [.strongMigrations, .eugene],
        growsWithTable: true,
        why:
            "Adding a stored generated column rewrites the whole table, and meanwhile blocks reads and writes.",
        safeForm:
            "add a plain column, maintain it with a trigger and fill the old rows in batches, or compute it in a "
            + "view",
        kinds: ["AT_AddColumn"]
    ) { context in
        rewritten(context.addedColumns.filter { $0.has("CONSTR_GENERATED") }, "each row gets a value")
    }

    private static func rewritten(_ columns: [AddedColumn], _ reason: String) -> [LintMatch] {
        columns.map { column in
            LintMatch("\(column.table) is rewritten, because \(reason)", on: column.table, at: column.offset)
        }
    }

    private static let typeChange = LintRule(
        "changing-column-type",
        .columns,
        of: [.squawk, .strongMigrations, .eugene],
        growsWithTable: true,
        why:
            "Changing the type of a column rewrites the whole table, meanwhile blocks reads and writes, and gives "
            + "running programs a type that they do not expect.",
        safeForm:
            "add a column of the new type, write to both, fill it in batches, and then read from the new column",
        kinds: ["AT_AlterColumnType"]
    ) { context in
        context.alterations.filter { $0.kind == "AT_AlterColumnType" }.compactMap { command in
            let new = ColumnType(command.definition["typeName"])
            let old = context.schema[command.table]?.columns[command.name]?.type
            if let old, old.becomes(new), isPlain(command.definition["raw_default"], command.name, new) {
                let known = context.schema[command.table]
                guard old.rebuildsIndexes(becoming: new), known?.isIndexed(command.name) == true else { return nil }
                return LintMatch(
                    "the indexes on \(command.table).\(command.name) are rebuilt to change its type from \(old) to \(new)",
                    on: command.table
                )
            }
            let from = old.map { " from \($0)" } ?? ""
            return LintMatch(
                "\(command.table) is written anew for \(command.name) to become \(new)\(from)",
                on: command.table
            )
        }
    }

    /// Whether there is no USING expression, or only one that repeats the column and the type.
    private static func isPlain(_ expression: ParseNode, _ column: String, _ type: ColumnType) -> Bool {
        guard expression.exists else { return true }
        if expression.isKind("TypeCast") {
            return ColumnType(expression["typeName"]) == type && isPlain(expression["arg"], column, type)
        }
        return expression.isKind("ColumnRef") && expression["fields"].names == [column]
    }

    private static let rewrite = LintRule(
        "rewriting-table",
        .columns,
        growsWithTable: true,
        why:
            "SET LOGGED, SET UNLOGGED, SET TABLESPACE and SET ACCESS METHOD rewrite the whole table, and meanwhile "
            + "block reads and writes.",
        safeForm: "create a new table with the wanted properties, copy the rows in batches, and switch over",
        kinds: Array(rewriting.keys)
    ) { context in
        context.alterations.compactMap { command in
            guard let words = rewriting[command.kind] else { return nil }
            return LintMatch("\(words) rewrites \(command.table)", on: command.table)
        }
    }

    private static let rewriting = [
        "AT_SetLogged": "SET LOGGED", "AT_SetUnLogged": "SET UNLOGGED", "AT_SetTableSpace": "SET TABLESPACE",
        "AT_SetAccessMethod": "SET ACCESS METHOD",
    ]

    private static let json = LintRule(
        "prefer-jsonb",
        .columns,
        of: [.strongMigrations, .eugene],
        why:
            "The type json has no equality operator, so DISTINCT, GROUP BY and UNION fail in queries that worked "
            + "before.",
        safeForm: "use jsonb",
        kinds: ["CreateStmt", "AT_AddColumn", "AT_AlterColumnType"]
    ) { context in
        context.typedColumns.filter { $0.type.name == "json" }.map {
            LintMatch("\($0.fullName) is json", at: $0.offset)
        }
    }

    private static let defaultChange = LintRule(
        "changing-column-default",
        .columns,
        of: [.strongMigrations],
        isOnByDefault: false,
        why: "Some programs send the default themselves, and continue to write the old one into new rows.",
        safeForm: "first deploy programs that omit the column",
        kinds: ["AT_ColumnDefault"]
    ) { context in
        context.alterations.filter { $0.kind == "AT_ColumnDefault" && $0.definition.exists }.map {
            LintMatch("the default of \($0.table).\($0.name) changes", on: $0.table)
        }
    }
}
