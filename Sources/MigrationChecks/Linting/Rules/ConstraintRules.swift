import SQLText

/// Rules about constraints that are added while other sessions use the table.
enum ConstraintRules {
    static let all = [
        foreignKey, missingNotValid, setNotNull, unique, primaryKey, exclusion, nullablePrimaryKey, narrowForeignKey,
    ]

    private static let foreignKey = LintRule(
        "adding-foreign-key-constraint",
        .constraints,
        of: [.squawk, .strongMigrations, .eugene],
        growsWithTable: true,
        why:
            "Adding a foreign key reads the whole table, and meanwhile blocks writes to it and to the referenced "
            + "table.",
        safeForm: "add it NOT VALID, and run VALIDATE CONSTRAINT in the next file",
        kinds: ["AT_AddConstraint", "AT_AddColumn"]
    ) { context in
        // Before version 18 the server refuses NOT VALID for a partitioned table.
        let constraints = context.addedConstraints("CONSTR_FOREIGN").filter {
            !$0.definition["skip_validation"].isTrue || context.isPartitioned($0.table)
        }
        let message = { (table: RelationName, node: ParseNode) in
            let other = context.relation(node["pktable"]).map { " and \($0)" } ?? ""
            return LintMatch(
                node["skip_validation"].isTrue
                    ? "PostgreSQL 17 and older refuse a foreign key NOT VALID of the partitioned table \(table)"
                    : "writes to \(table)\(other) are blocked until every row of \(table) is checked",
                on: table,
                at: node.content.offset,
                hint: context.isPartitioned(table)
                    ? "add it NOT VALID to each partition and validate it there; then add it to \(table), which adopts "
                        + "the constraints of its partitions"
                    : nil
            )
        }
        // A new column without a default holds only NULL, so the server does not check its rows.
        let columns = context.addedColumns.filter { $0.has("CONSTR_FOREIGN") && $0.has("CONSTR_DEFAULT") }
        return constraints.map { message($0.table, $0.definition) }
            + columns.map { message($0.table, $0.constraint("CONSTR_FOREIGN")) }
    }

    private static let missingNotValid = LintRule(
        "constraint-missing-not-valid",
        .constraints,
        of: [.squawk, .strongMigrations, .eugene],
        growsWithTable: true,
        why: "Adding a CHECK without NOT VALID reads the whole table, and meanwhile blocks reads and writes.",
        safeForm: "add it NOT VALID, and run VALIDATE CONSTRAINT in the next file",
        kinds: ["AT_AddConstraint", "AT_AddColumn", "AT_ValidateConstraint"]
    ) { context in
        let checks = context.addedConstraints("CONSTR_CHECK").filter { !$0.definition["skip_validation"].isTrue }
        let columns = context.addedColumns.filter { $0.has("CONSTR_CHECK") }
        let added = checks.map { ($0.table, $0.definition) } + columns.map { ($0.table, $0.constraint("CONSTR_CHECK")) }
        let validated = context.alterations.filter { $0.kind == "AT_ValidateConstraint" }.compactMap { command in
            validation(of: command, context)
        }
        return added.map { table, node in
            LintMatch(
                "reads and writes of \(table) are blocked until every row is checked",
                on: table,
                at: node.content.offset
            )
        } + validated
    }

    /// VALIDATE CONSTRAINT blocks no writes by itself, but an earlier statement of the transaction may still hold a
    /// lock.
    private static func validation(of command: Alteration, _ context: LintContext) -> LintMatch? {
        guard let held = context.transaction.held[command.table], held.mode.blocksWrites else { return nil }
        return LintMatch(
            "every row of \(command.table) is checked while the transaction still holds \(held.mode) on it, taken in "
                + "line \(held.line)",
            on: command.table,
            hint: "validate it in the next file"
        )
    }

    private static let setNotNull = LintRule(
        "adding-not-nullable-field",
        .constraints,
        of: [.squawk, .strongMigrations, .eugene],
        growsWithTable: true,
        why:
            "SET NOT NULL reads the whole table, and meanwhile blocks reads and writes, unless a validated CHECK "
            + "excludes NULL.",
        safeForm:
            "add CHECK (column IS NOT NULL) NOT VALID, validate it in the next file, then SET NOT NULL in a third "
            + "file and drop the CHECK",
        kinds: ["AT_SetNotNull"]
    ) { context in
        // The server executes the drops of an ALTER TABLE first. So a CHECK that it drops does not help.
        let dropped = Set(context.alterations.filter { $0.kind == "AT_DropConstraint" }.map(\.name))
        return context.alterations.filter { command in
            guard command.kind == "AT_SetNotNull", let known = context.schema[command.table] else {
                return command.kind == "AT_SetNotNull"
            }
            return !known.isKnownNotNull(command.name, without: dropped)
        }.map {
            LintMatch(
                "reads and writes of \($0.table) are blocked until \($0.name) is checked in every row",
                on: $0.table
            )
        }
    }

    private static let unique = LintRule(
        "disallowed-unique-constraint",
        .constraints,
        of: [.squawk, .strongMigrations, .eugene],
        growsWithTable: true,
        why: "Adding a UNIQUE constraint builds an index, and meanwhile blocks reads and writes of the table.",
        safeForm:
            "run CREATE UNIQUE INDEX CONCURRENTLY in a separate file, then ADD CONSTRAINT … UNIQUE USING INDEX",
        kinds: ["AT_AddConstraint", "AT_AddColumn"]
    ) { context in built("CONSTR_UNIQUE", context) }

    private static let primaryKey = LintRule(
        "adding-serial-primary-key-field",
        .constraints,
        of: [.squawk],
        growsWithTable: true,
        why: "Adding a primary key builds an index, and meanwhile blocks reads and writes of the table.",
        safeForm:
            "run CREATE UNIQUE INDEX CONCURRENTLY in a separate file, then ADD CONSTRAINT … PRIMARY KEY USING INDEX",
        kinds: ["AT_AddConstraint", "AT_AddColumn"]
    ) { context in built("CONSTR_PRIMARY", context) }

    /// A constraint that needs a new index. With USING INDEX the index exists already.
    private static func built(_ kind: String, _ context: LintContext) -> [LintMatch] {
        // ON ONLY a partitioned table creates an index without rows, to which the indexes of the partitions are
        // attached.
        let isFrame = { (table: RelationName) in context.isOnly && context.isPartitioned(table) }
        let constraints = context.addedConstraints(kind).filter {
            !$0.definition["indexname"].exists && !isFrame($0.table)
        }
        let added =
            constraints.map { ($0.table, $0.definition) }
            + context.addedColumns.filter { $0.has(kind) }.map { ($0.table, $0.constraint(kind)) }
        return added.map { table, node in
            LintMatch(
                "reads and writes of \(table) are blocked until the index is built",
                on: table,
                at: node.content.offset,
                hint: context.isPartitioned(table) ? partitionedForm(kind, table) : nil
            )
        }
    }

    /// The form for a partitioned table, for which the server refuses USING INDEX.
    private static func partitionedForm(_ kind: String, _ table: RelationName) -> String? {
        guard kind != "CONSTR_EXCLUSION" else { return nil }
        return "ALTER TABLE ONLY \(table) ADD CONSTRAINT …; on each partition CREATE UNIQUE INDEX CONCURRENTLY and "
            + "ADD CONSTRAINT … USING INDEX; then ALTER INDEX … ATTACH PARTITION for each of them"
    }

    private static let exclusion = LintRule(
        "adding-exclusion-constraint",
        .constraints,
        of: [.strongMigrations, .eugene],
        growsWithTable: true,
        why:
            "Adding an EXCLUDE constraint builds an index, and meanwhile blocks reads and writes of the table; "
            + "PostgreSQL has no other way.",
        safeForm: "create the constraint with the table, or add it while the table is not in use",
        kinds: ["AT_AddConstraint"]
    ) { context in built("CONSTR_EXCLUSION", context) }

    private static let narrowForeignKey = LintRule(
        "foreign-key-narrower-than-key",
        .constraints,
        why:
            "A foreign key column with a smaller type than the key cannot hold all of its values: once the keys "
            + "exceed it, every INSERT that refers to a new one fails.",
        safeForm: "give the column the type of the key",
        kinds: ["CreateStmt", "AT_AddConstraint", "AT_AddColumn"]
    ) { context in
        guard let table = context.relation(context.tree["relation"]) else { return [] }
        return ForeignKey.all(in: context).flatMap { key -> [LintMatch] in
            let outcome = context.outcome
            guard let own = outcome[table], let other = outcome[key.target] else { return [] }
            let targets = key.targetColumns.isEmpty ? other.primaryKey : key.targetColumns
            return zip(key.columns, targets).compactMap { column, target in
                guard let narrow = own.columns[column]?.type, let wide = other.columns[target]?.type,
                    let size = narrow.integerSize, let needed = wide.integerSize, size < needed
                else { return nil }
                return LintMatch(
                    "\(table).\(column) is \(narrow), and \(key.target).\(target), to which it refers, is \(wide)",
                    at: key.node.content.offset
                )
            }
        }
    }

    private static let nullablePrimaryKey = LintRule(
        "primary-key-on-nullable-column",
        .constraints,
        of: [.eugene],
        isOnByDefault: false,
        growsWithTable: true,
        why:
            "PRIMARY KEY USING INDEX reads the whole table if a column may be NULL, and meanwhile blocks reads and "
            + "writes.",
        safeForm: "make the columns NOT NULL first, with the help of a validated CHECK",
        kinds: ["AT_AddConstraint"]
    ) { context in
        context.addedConstraints("CONSTR_PRIMARY").filter { command in
            guard let index = command.definition["indexname"].string else { return false }
            guard let known = context.schema[command.table], let columns = known.indexes[index] else { return true }
            return !columns.allSatisfy { $0.map { known.isKnownNotNull($0) } ?? false }
        }.map {
            LintMatch(
                "reads and writes of \($0.table) are blocked until the key is checked in every row",
                on: $0.table,
                at: $0.definition.content.offset
            )
        }
    }
}
