import SQLText

/// Rules about changes that running programs may notice, and that are often intended.
enum CompatibilityRules {
    static let all =
        [
            drop(
                "ban-drop-view",
                ["OBJECT_VIEW", "OBJECT_MATVIEW"],
                why: "Running programs still read the view."
            ),
            drop(
                "ban-drop-function",
                ["OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"],
                why: "Running programs still call the function."
            ),
            drop("ban-drop-type", ["OBJECT_TYPE"], why: "Running programs still send values of the type."),
            drop("ban-drop-domain", ["OBJECT_DOMAIN"], why: "Running programs still cast to the domain."),
            drop(
                "ban-drop-sequence",
                ["OBJECT_SEQUENCE"],
                why:
                    "Running programs still take numbers from the sequence, and its current value is lost."
            ),
            drop(
                "ban-drop-extension",
                ["OBJECT_EXTENSION"],
                why: "Running programs still use the types and functions of the extension."
            ),
            dropNotNull, dropDefault, dropConstraint, setSchema, renameObject, dropCascade, deleteCascade,
        ]

    private static let dropNotNull = LintRule(
        "ban-drop-not-null",
        .compatibility,
        of: [.squawk],
        isOnByDefault: false,
        why: "Running programs may not expect NULL in the column.",
        safeForm: "first deploy programs that can handle NULL",
        kinds: ["AT_DropNotNull"]
    ) { context in
        context.alterations.filter { $0.kind == "AT_DropNotNull" }.map {
            LintMatch("\($0.table).\($0.name) may become NULL", on: $0.table)
        }
    }

    private static let dropDefault = LintRule(
        "ban-drop-default",
        .compatibility,
        of: [.squawk],
        isOnByDefault: false,
        why: "Programs that omit the column get NULL, or an error if it is NOT NULL.",
        safeForm: "first deploy programs that send a value",
        kinds: ["AT_ColumnDefault"]
    ) { context in
        context.alterations.filter { $0.kind == "AT_ColumnDefault" && !$0.definition.exists }.map {
            LintMatch("\($0.table).\($0.name) loses its default", on: $0.table)
        }
    }

    private static func drop(_ name: String, _ types: Set<String>, why: String) -> LintRule {
        LintRule(
            name,
            .compatibility,
            of: [.squawk],
            isOnByDefault: false,
            why: why,
            safeForm: "first deploy programs that do not use it; then silence the rule for the statement",
            kinds: ["DropStmt"]
        ) { context in
            guard let type = context.tree["removeType"].string, types.contains(type) else { return [] }
            return context.effects.touches.filter { $0.action == .drop && !$0.isNew }.map {
                LintMatch("the \($0.kind.rawValue) \($0.relation) is dropped")
            }
        }
    }

    private static let dropConstraint = LintRule(
        "ban-drop-constraint",
        .compatibility,
        of: [.squawk],
        isOnByDefault: false,
        why: "Values that the constraint excluded become possible, but programs may rely on it.",
        safeForm: "first deploy programs that do not rely on it; then silence the rule for the statement",
        kinds: ["AT_DropConstraint"]
    ) { context in
        context.alterations.filter { command in
            command.kind == "AT_DropConstraint"
                // A CHECK that only served to set NOT NULL excludes no value that NOT NULL does not exclude.
                && context.schema[command.table]?.notNullChecks[command.name] == nil
        }.map { LintMatch("the constraint \($0.name) of \($0.table) is dropped", on: $0.table) }
    }

    private static let setSchema = LintRule(
        "ban-set-schema",
        .compatibility,
        of: [.squawk],
        isOnByDefault: false,
        why: "Running programs still use the name with the old schema.",
        safeForm: "leave a view with the old name until all programs use the new one",
        kinds: ["AlterObjectSchemaStmt"]
    ) { context in
        context.effects.touches.filter { $0.action == .alter && !$0.isNew && !context.isLeftBehind($0.relation) }.map {
            LintMatch("the \($0.kind.rawValue) \($0.relation) moves to another schema")
        }
    }

    private static let renameObject = LintRule(
        "renaming-object",
        .compatibility,
        of: [.squawk],
        isOnByDefault: false,
        why: "Running programs still use the old name.",
        safeForm: "create another object with the new name, and drop the old one when no program uses it",
        kinds: ["RenameStmt"]
    ) { context in
        let type = context.tree["renameType"].string ?? ""
        // Columns, tables and schemas have their own rules. Programs do not name indexes and constraints.
        let others = ["OBJECT_COLUMN", "OBJECT_TABLE", "OBJECT_SCHEMA", "OBJECT_INDEX", "OBJECT_TABCONSTRAINT"]
        guard !others.contains(type) else { return [] }
        return context.effects.touches.filter { $0.action == .rename && !$0.isNew }.map {
            LintMatch("the \($0.kind.rawValue) \($0.relation) is renamed")
        }
    }

    private static let dropCascade = LintRule(
        "ban-drop-cascade",
        .compatibility,
        isOnByDefault: false,
        why: "CASCADE drops all dependent objects, and the file does not name them.",
        safeForm: "drop the dependent objects by name first",
        kinds: ["DropStmt", "AlterTableStmt"]
    ) { context in
        let cascades = ([context.tree] + context.tree["cmds"].items).contains {
            $0["behavior"].string == "DROP_CASCADE"
        }
        let isOfNew = context.effects.touches.allSatisfy(\.isNew)
        return cascades && !isOfNew ? [LintMatch("dependent objects are dropped too")] : []
    }

    private static let deleteCascade = LintRule(
        "ban-on-delete-cascade",
        .compatibility,
        isOnByDefault: false,
        why:
            "A DELETE of one row also deletes the rows of other tables that refer to it, however many there are.",
        safeForm: "delete the referring rows explicitly, in batches",
        kinds: ["CreateStmt", "AT_AddConstraint", "AT_AddColumn"]
    ) { context in
        ForeignKey.all(in: context).filter { $0.node["fk_del_action"].string == "c" }.map {
            LintMatch(
                "rows are deleted together with the rows of \($0.target) that they refer to",
                at: $0.node.content.offset
            )
        }
    }
}
