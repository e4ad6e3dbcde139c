import SQLText

/// Statements that Citus refuses for its tables.
enum CitusRefusals {
    static func all(in context: LintContext) -> [LintMatch] {
        switch context.kind {
        case "CreateTrigStmt": trigger(context)
        case "DropStmt": indexDrop(context)
        case "IndexStmt": index(context)
        case "SelectStmt": calls(context)
        case "InsertStmt", "UpdateStmt", "DeleteStmt": CitusJoins.all(in: context)
        default: alterations(context)
        }
    }

    private static func trigger(_ context: LintContext) -> [LintMatch] {
        guard let table = tableWithoutTriggers(context) else { return [] }
        return [
            LintMatch(
                "\(table) cannot have triggers",
                hint: "do it in the application, or SET citus.enable_unsafe_triggers before it, if the trigger "
                    + "touches only rows of the same shard"
            )
        ]
    }

    /// The table of the statement, if Citus allows no triggers on it.
    private static func tableWithoutTriggers(_ context: LintContext) -> RelationName? {
        guard !context.transaction.settings.contains("citus.enable_unsafe_triggers"),
            let table = context.citusTable(context.tree["relation"]), context.distribution(of: table) != .local
        else { return nil }
        return table
    }

    private static func indexDrop(_ context: LintContext) -> [LintMatch] {
        guard context.tree["removeType"].string == "OBJECT_INDEX", context.tree["objects"].items.count > 1 else {
            return []
        }
        let indexes = context.tree["objects"].items.compactMap { RelationName(names: $0.names) }
        guard
            let table = indexes.lazy.compactMap({ context.schema.table(ofIndex: $0) }).first(where: {
                context.distribution(of: $0)?.isManaged == true
            })
        else { return [] }
        return [
            LintMatch(
                "an index of \(table) cannot be dropped together with others",
                hint: "write one DROP INDEX for each index"
            )
        ]
    }

    private static func index(_ context: LintContext) -> [LintMatch] {
        guard context.tree["tableSpace"].string != nil, let table = context.citusTable(context.tree["relation"]) else {
            return []
        }
        return [LintMatch("an index of \(table) cannot name a tablespace", hint: "omit TABLESPACE")]
    }

    /// Calls of Citus's functions that it refuses.
    private static func calls(_ context: LintContext) -> [LintMatch] {
        var schema = context.schema
        return CitusCall.all(in: context.tree).compactMap { call in
            let before = schema
            schema.learn(call)
            guard let table = call.table else { return nil }
            if call.function == "undistribute_table" {
                let isReferred = before.made.contains { other in
                    !other.canBe(table) && context.distribution(of: other, in: before)?.isManaged == true
                        && before.hasForeignKey(from: other) { $0.canBe(table) }
                }
                let isKeyed = isReferred || before.hasForeignKey(from: table) { !$0.canBe(table) }
                guard isKeyed, !call.isOn("cascade_via_foreign_keys") else { return nil }
                return LintMatch(
                    "\(table) has foreign keys or is referred to",
                    at: call.offset,
                    hint: "drop them first, or undistribute all these tables with cascade_via_foreign_keys => true"
                )
            }
            guard call.function.hasPrefix("create_distributed_table"), case .table(let other)? = call.companion else {
                return nil
            }
            return colocationRefusal(of: call, with: other, table, before, context)
        }
    }

    private static func colocationRefusal(
        of call: CitusCall,
        with other: RelationName,
        _ table: RelationName,
        _ schema: SchemaModel,
        _ context: LintContext
    ) -> LintMatch? {
        if call.shards != nil {
            return LintMatch(
                "\(table) gets the shards of \(other), so their number cannot be given",
                at: call.offset,
                hint: "omit shard_count"
            )
        }
        guard let column = call.distribution?.column, let own = schema[table]?.columns[column]?.type,
            case .hash(let key)? = context.distribution(of: other, in: schema),
            let type = schema[other]?.columns[key]?.type, !own.isStored(like: type)
        else { return nil }
        return LintMatch(
            "\(table).\(column) is \(own), and \(other).\(key) is \(type), so the tables cannot be stored together",
            at: call.offset,
            hint: "give both distribution columns the same type"
        )
    }

    private static func alterations(_ context: LintContext) -> [LintMatch] {
        guard context.tree["objtype"].string == "OBJECT_TABLE",
            let table = context.citusTable(context.tree["relation"])
        else { return [] }
        return context.allAlterations.compactMap { command in
            switch command.kind {
            case "AT_DetachPartition" where command.definition["concurrent"].isTrue:
                return LintMatch(
                    "a partition of \(table) cannot be detached CONCURRENTLY",
                    hint: "write DETACH PARTITION in a separate file"
                )
            case _ where CitusSubcommands.triggers.contains(command.kind):
                return tableWithoutTriggers(context).map { LintMatch("\($0) cannot have triggers") }
            case _ where CitusSubcommands.refused[command.kind] != nil:
                let words = CitusSubcommands.refused[command.kind] ?? ""
                return LintMatch("Citus has no \(words) for \(table)", at: command.offset)
            default: return nil
            }
        }
    }
}

extension SchemaModel {
    fileprivate func hasForeignKey(from table: RelationName, to isMeant: (RelationName) -> Bool) -> Bool {
        self[table]?.foreignKeys.values.contains { isMeant($0.target) } == true
    }
}

/// Kinds of subcommands of ALTER TABLE that Citus treats differently.
enum CitusSubcommands {
    static let triggers: Set<String> = [
        "AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_EnableTrigUser", "AT_DisableTrig",
        "AT_DisableTrigUser", "AT_EnableTrigAll", "AT_DisableTrigAll",
    ]

    /// Those that Citus refuses for the distribution column.
    static let ofColumns: Set<String> = ["AT_DropColumn", "AT_ColumnDefault", "AT_AlterColumnType", "AT_DropNotNull"]

    /// Those that Citus refuses for every table, as SQL writes them.
    static let refused = [
        "AT_AddInherit": "INHERIT", "AT_DropInherit": "NO INHERIT", "AT_ClusterOn": "CLUSTER ON",
        "AT_DropCluster": "SET WITHOUT CLUSTER", "AT_SetStatistics": "SET STATISTICS", "AT_SetStorage": "SET STORAGE",
        "AT_SetTableSpace": "SET TABLESPACE", "AT_AddOf": "OF", "AT_DropOf": "NOT OF",
        "AT_AddIdentity": "ADD GENERATED", "AT_SetIdentity": "SET GENERATED", "AT_DropIdentity": "DROP IDENTITY",
        "AT_DropExpression": "DROP EXPRESSION", "AT_AlterConstraint": "ALTER CONSTRAINT",
        "AT_EnableRule": "ENABLE RULE", "AT_DisableRule": "DISABLE RULE",
        "AT_DetachPartitionFinalize": "DETACH PARTITION … FINALIZE",
    ]
}
