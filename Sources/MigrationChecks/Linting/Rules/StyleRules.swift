import SQLText

/// Rules about matters of taste.
enum StyleRules {
    static let all = [
        textField, charField, bigintOverInt, bigintOverSmallint, identityOverSerial, timestampTZ, robust, schemaName,
        enumOrdering, createEnum, createDomain, alterDomain, primaryKey,
    ]

    private static let textField = type(
        "prefer-text-field",
        why: "Changing the limit of varchar(n) takes a lock, and a lower limit rewrites the table.",
        safeForm: "use text, with a CHECK on its length if there is a limit"
    ) { $0.name == "varchar" && !$0.modifiers.isEmpty }

    private static let charField = type(
        "ban-char-field",
        why: "The type char(n) pads values with blanks, which only some operators ignore.",
        safeForm: "use text"
    ) { $0.name == "bpchar" || $0.name == "char" }

    private static let bigintOverInt = type(
        "prefer-bigint-over-int",
        why:
            "The largest integer is 2,147,483,647, and changing the column to bigint later rewrites the table.",
        safeForm: "use bigint"
    ) { $0.name == "int4" || $0.serialSize == 4 }

    private static let bigintOverSmallint = type(
        "prefer-bigint-over-smallint",
        why: "The largest smallint is 32,767, and changing the column to bigint later rewrites the table.",
        safeForm: "use bigint"
    ) { $0.name == "int2" || $0.serialSize == 2 }

    private static let identityOverSerial = type(
        "prefer-identity",
        why:
            "A serial column is only a default, which any INSERT can override, and its sequence needs separate "
            + "privileges.",
        safeForm: "use bigint GENERATED ALWAYS AS IDENTITY"
    ) { $0.isSerial }

    private static let timestampTZ = type(
        "prefer-timestamp-tz",
        why:
            "A timestamp without time zone does not identify a moment unless the zone is known from elsewhere.",
        safeForm: "use timestamptz"
    ) { $0.name == "timestamp" }

    /// A rule about the type of a column in CREATE TABLE and ALTER TABLE.
    private static func type(
        _ name: String,
        why: String,
        safeForm: String,
        _ isMeant: @escaping @Sendable (ColumnType) -> Bool
    ) -> LintRule {
        LintRule(
            name,
            .style,
            of: [.squawk],
            isOnByDefault: false,
            why: why,
            safeForm: safeForm,
            kinds: ["CreateStmt", "AT_AddColumn", "AT_AlterColumnType"]
        ) { context in
            context.typedColumns.filter { isMeant($0.type) }.map {
                LintMatch("\($0.fullName) is \($0.type)", at: $0.offset)
            }
        }
    }

    private static let robust = LintRule(
        "prefer-robust-stmts",
        .style,
        of: [.squawk],
        isOnByDefault: false,
        why: "A file that runs without a transaction and fails midway cannot be run again unchanged.",
        safeForm: "write IF EXISTS or IF NOT EXISTS, or let the file run in a transaction",
        kinds: ["CreateStmt", "IndexStmt", "CreateSchemaStmt", "CreateSeqStmt", "CreateExtensionStmt", "DropStmt"]
            + ["AlterTableStmt"]
    ) { context in
        guard !context.transaction.isOpen else { return [] }
        let tree = context.tree
        let isRobust =
            switch tree.kind {
            case "DropStmt": tree["missing_ok"].isTrue
            case "AlterTableStmt": context.allAlterations.allSatisfy { isRepeatable($0) }
            default: tree["if_not_exists"].isTrue
            }
        return isRobust ? [] : [LintMatch("a second run of the file fails here")]
    }

    private static func isRepeatable(_ command: Alteration) -> Bool {
        switch command.kind {
        case "AT_AddColumn", "AT_DropColumn", "AT_DropConstraint": command.node["missing_ok"].isTrue
        case "AT_AddConstraint": false
        default: true
        }
    }

    private static let schemaName = LintRule(
        "require-table-schema",
        .style,
        of: [.squawk],
        isOnByDefault: false,
        why: "For a name without a schema, the session's search path decides which table is used.",
        safeForm: "write the schema before the name",
        kinds: [
            "CreateStmt", "AlterTableStmt", "IndexStmt", "RenameStmt", "CreateTrigStmt", "TruncateStmt", "DropStmt",
        ]
    ) { context in
        let relations = context.effects.touches.filter { $0.kind == .table && !$0.isInBody && $0.schema == nil }
        return relations.map { LintMatch("\($0.name) has no schema", at: $0.offset) }
    }

    private static let enumOrdering = LintRule(
        "require-enum-value-ordering",
        .style,
        of: [.squawk],
        isOnByDefault: false,
        why: "A value added without BEFORE or AFTER comes last, which affects ORDER BY.",
        safeForm: "write BEFORE or AFTER",
        kinds: ["AlterEnumStmt"]
    ) { context in
        let type = context.tree["typeName"].names
        guard !context.tree["oldVal"].exists, !context.tree["newValNeighbor"].exists, !context.isNewType(type) else {
            return []
        }
        return [LintMatch("the new value of \(context.tree["typeName"].names.joined(separator: ".")) comes last")]
    }

    private static let createEnum = LintRule(
        "creating-enum",
        .style,
        of: [.eugene],
        isOnByDefault: false,
        why: "A value of an enum cannot be removed, and no further columns can describe it.",
        safeForm: "create a table of the values, and refer to it",
        kinds: ["CreateEnumStmt"]
    ) { context in [LintMatch("\(context.tree["typeName"].names.joined(separator: ".")) is an enum")] }

    private static let createDomain = LintRule(
        "ban-create-domain-with-constraint",
        .style,
        of: [.squawk],
        isOnByDefault: false,
        why: "The constraint of a domain cannot be changed for one table only.",
        safeForm: "put a CHECK on the column",
        kinds: ["CreateDomainStmt"]
    ) { context in
        guard context.tree["constraints"].exists else { return [] }
        return [LintMatch("\(context.tree["domainname"].names.joined(separator: ".")) has a constraint")]
    }

    private static let alterDomain = LintRule(
        "ban-alter-domain-with-add-constraint",
        .style,
        of: [.squawk],
        isOnByDefault: false,
        why:
            "Every table that uses the domain is read, and cannot be written, until the constraint is checked.",
        safeForm: "put a CHECK on the column, NOT VALID, and validate it in the next file",
        kinds: ["AlterDomainStmt"]
    ) { context in
        let isNew = context.isNewType(context.tree["typeName"].names)
        guard context.tree["subtype"].string == "C", !context.tree["def"]["skip_validation"].isTrue, !isNew else {
            return []
        }
        return [LintMatch("\(context.tree["typeName"].names.joined(separator: ".")) gets a new constraint")]
    }

    private static let primaryKey = LintRule(
        "require-primary-key",
        .style,
        isOnByDefault: false,
        why: "Rows without a primary key cannot be identified, and their changes cannot be replicated.",
        safeForm: "give the table a primary key",
        kinds: ["CreateStmt"]
    ) { context in
        let tree = context.tree
        // A partition, an inherited table or a copy may get its primary key from the other table.
        guard let table = context.relation(tree["relation"]), !tree["inhRelations"].exists,
            tree["relation"]["relpersistence"].string != "t",
            !tree["tableElts"].items.contains(where: { $0.isKind("TableLikeClause") })
        else { return [] }
        let isKeyed = tree.descendants(ofKind: "Constraint").contains { $0["contype"].string == "CONSTR_PRIMARY" }
        return isKeyed ? [] : [LintMatch("\(table) has no primary key")]
    }
}
