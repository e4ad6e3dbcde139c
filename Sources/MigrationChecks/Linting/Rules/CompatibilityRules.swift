import SQLText

/// Rules about changes that running programs may notice, and that are often intended.
enum CompatibilityRules {
    static let all =
        [
            drop(
                "ban-drop-view",
                ["OBJECT_VIEW", "OBJECT_MATVIEW"],
                why: "Programs that are running still read the view."
            ),
            drop(
                "ban-drop-function",
                ["OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"],
                why: "Programs that are running still call the function."
            ),
            drop("ban-drop-type", ["OBJECT_TYPE"], why: "Programs that are running still send values of the type."),
            drop("ban-drop-domain", ["OBJECT_DOMAIN"], why: "Programs that are running still cast to the domain."),
            drop(
                "ban-drop-sequence",
                ["OBJECT_SEQUENCE"],
                why: "Programs that are running still take numbers from the sequence, and where it stood is lost."
            ),
            drop(
                "ban-drop-extension",
                ["OBJECT_EXTENSION"],
                why: "Programs that are running still use the types and functions of the extension."
            ),
            dropNotNull, dropDefault, dropConstraint, setSchema, renameObject, dropCascade, deleteCascade,
        ]

    private static let dropNotNull = LintRule(
        "ban-drop-not-null",
        .compatibility,
        of: [.squawk],
        isOnByDefault: false,
        why: "Programs that are running may not expect a NULL there.",
        safeForm: "deploy programs that know what to do with a NULL first",
        kinds: ["AT_DropNotNull"]
    ) { context in
        context.alterations.filter { $0.kind == "AT_DropNotNull" }.map {
            LintMatch("\($0.table).\($0.name) may be NULL", on: $0.table)
        }
    }

    private static let dropDefault = LintRule(
        "ban-drop-default",
        .compatibility,
        of: [.squawk],
        isOnByDefault: false,
        why: "Programs that leave the column out get NULL, or an error where it is NOT NULL.",
        safeForm: "deploy programs that send a value first",
        kinds: ["AT_ColumnDefault"]
    ) { context in
        context.alterations.filter { $0.kind == "AT_ColumnDefault" && !$0.definition.exists }.map {
            LintMatch("\($0.table).\($0.name) has no default any more", on: $0.table)
        }
    }

    private static func drop(_ name: String, _ types: Set<String>, why: String) -> LintRule {
        LintRule(
            name,
            .compatibility,
            of: [.squawk],
            isOnByDefault: false,
            why: why,
            safeForm: "deploy programs that do without first; then silence the rule on the statement",
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
        why: "What the constraint kept out comes in, and programs that rely on it find it.",
        safeForm: "deploy programs that do without it first; then silence the rule on the statement",
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
        why: "Programs that are running look for it where it was.",
        safeForm: "leave a view where it was, until no program uses it any more",
        kinds: ["AlterObjectSchemaStmt"]
    ) { context in
        context.effects.touches.filter { $0.action == .alter && !$0.isNew && !context.isLeftBehind($0.relation) }.map {
            LintMatch("the \($0.kind.rawValue) \($0.relation) goes to another schema")
        }
    }

    private static let renameObject = LintRule(
        "renaming-object",
        .compatibility,
        of: [.squawk],
        isOnByDefault: false,
        why: "Programs that are running still use the old name.",
        safeForm: "make one of the new name, and drop the old one when no program uses it any more",
        kinds: ["RenameStmt"]
    ) { context in
        let type = context.tree["renameType"].string ?? ""
        // Columns, tables and schemas have their own rules. Programs do not name indexes and constraints.
        let others = ["OBJECT_COLUMN", "OBJECT_TABLE", "OBJECT_SCHEMA", "OBJECT_INDEX", "OBJECT_TABCONSTRAINT"]
        guard !others.contains(type) else { return [] }
        return context.effects.touches.filter { $0.action == .rename && !$0.isNew }.map {
            LintMatch("the \($0.kind.rawValue) \($0.relation) gets another name")
        }
    }

    private static let dropCascade = LintRule(
        "ban-drop-cascade",
        .compatibility,
        isOnByDefault: false,
        why: "CASCADE drops everything that depends on it, and the file does not name what that is.",
        safeForm: "drop what depends on it by its name, before",
        kinds: ["DropStmt", "AlterTableStmt"]
    ) { context in
        let cascades = ([context.tree] + context.tree["cmds"].items).contains {
            $0["behavior"].string == "DROP_CASCADE"
        }
        let isOfNew = context.effects.touches.allSatisfy(\.isNew)
        return cascades && !isOfNew ? [LintMatch("what depends on it is dropped too")] : []
    }

    private static let deleteCascade = LintRule(
        "ban-on-delete-cascade",
        .compatibility,
        isOnByDefault: false,
        why: "A DELETE of one row takes rows of other tables with it, as many as there are.",
        safeForm: "delete the rows that refer to it yourself, in batches",
        kinds: ["CreateStmt", "AT_AddConstraint", "AT_AddColumn"]
    ) { context in
        ForeignKey.all(in: context).filter { $0.node["fk_del_action"].string == "c" }.map {
            LintMatch("rows go with those of \($0.target) that they refer to", at: $0.node.content.offset)
        }
    }
}
