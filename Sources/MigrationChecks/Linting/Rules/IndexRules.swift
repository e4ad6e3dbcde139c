import SQLText

/// Rules about indexes and partitions that are created, dropped or rebuilt while other sessions use the table.
enum IndexRules {
    static let all = [
        creation, deletion, reindex, partitionDetach, refresh, repack, foreignKeyIndex, wideIndex, partitioned,
    ]

    private static let creation = LintRule(
        "require-concurrent-index-creation",
        .indexes,
        of: [.squawk, .strongMigrations, .eugene],
        growsWithTable: true,
        why: "CREATE INDEX blocks writes to the table until the index is built.",
        safeForm: "write CREATE INDEX CONCURRENTLY in a separate file, which then runs without a transaction",
        kinds: ["IndexStmt"]
    ) { context in
        guard !context.tree["concurrent"].isTrue, let table = context.existing(context.tree["relation"]) else {
            return []
        }
        // ON ONLY a partitioned table creates an index without rows, to which the indexes of the partitions are
        // attached.
        let isPartitioned = context.isPartitioned(table)
        guard !(isPartitioned && context.isOnly) else { return [] }
        return [
            LintMatch(
                "writes to \(table) are blocked until the index is built",
                on: table,
                hint: isPartitioned
                    ? "CREATE INDEX … ON ONLY \(table); CREATE INDEX CONCURRENTLY on each partition, in a separate file; "
                        + "then ALTER INDEX … ATTACH PARTITION for each of them"
                    : nil
            )
        ]
    }

    private static let deletion = LintRule(
        "require-concurrent-index-deletion",
        .indexes,
        of: [.squawk, .strongMigrations],
        why:
            "DROP INDEX waits for every transaction that uses the table, and all later transactions wait behind it.",
        safeForm: "write DROP INDEX CONCURRENTLY in a separate file, which then runs without a transaction",
        kinds: ["DropStmt"]
    ) { context in
        guard context.tree["removeType"].string == "OBJECT_INDEX", !context.tree["concurrent"].isTrue else { return [] }
        return context.effects.touches.filter { $0.kind == .index && $0.action == .drop && !$0.isNew }.compactMap {
            touch in
            let table = context.schema.table(ofIndex: touch.relation)
            if let table, context.isNew(table) || context.dropsLater(table) { return nil }
            // The server refuses DROP INDEX CONCURRENTLY for a partitioned table, and there is no other form.
            if let table, context.isPartitioned(table) { return nil }
            return LintMatch("the table of the index \(touch.relation) cannot be read either", on: table)
        }
    }

    private static let reindex = LintRule(
        "require-concurrent-reindex",
        .indexes,
        of: [.squawk],
        growsWithTable: true,
        why: "REINDEX blocks writes to the table and reads of the index until the index is rebuilt.",
        safeForm: "write REINDEX … CONCURRENTLY in a separate file, which then runs without a transaction",
        kinds: ["ReindexStmt"]
    ) { context in
        let kind = context.tree["kind"].string ?? ""
        guard !context.tree.isSwitchedOn("concurrently", in: "params"), kind != "REINDEX_OBJECT_SYSTEM" else {
            return []
        }
        guard let relation = context.relation(context.tree["relation"]) else {
            return [LintMatch("writes to the tables are blocked until their indexes are rebuilt")]
        }
        guard !context.isNew(relation) else { return [] }
        let isIndex = kind == "REINDEX_OBJECT_INDEX"
        let table = isIndex ? context.schema.table(ofIndex: relation) : relation
        let what = isIndex ? "the table of \(relation)" : "\(relation)"
        return [LintMatch("writes to \(what) are blocked until the index is rebuilt", on: table)]
    }

    private static let partitionDetach = LintRule(
        "require-concurrent-partition-detach",
        .indexes,
        of: [.squawk],
        why: "DETACH PARTITION blocks reads and writes of the whole partitioned table.",
        safeForm:
            "write DETACH PARTITION … CONCURRENTLY in a separate file, which then runs without a transaction",
        kinds: ["AT_DetachPartition"]
    ) { context in
        context.alterations.filter { command in
            command.kind == "AT_DetachPartition" && !command.definition["concurrent"].isTrue
                // The server refuses CONCURRENTLY if there is a default partition.
                && context.schema[command.table]?.hasDefaultPartition != true
        }.map { LintMatch("\($0.table) is locked with all of its partitions", on: $0.table) }
    }

    private static let refresh = LintRule(
        "require-concurrent-refresh",
        .indexes,
        growsWithTable: true,
        why: "REFRESH MATERIALIZED VIEW blocks reads of the view until its query has finished.",
        safeForm: "give the view a unique index, and write REFRESH MATERIALIZED VIEW CONCURRENTLY",
        kinds: ["RefreshMatViewStmt"]
    ) { context in
        guard !context.tree["concurrent"].isTrue, !context.tree["skipData"].isTrue,
            let view = context.existing(context.tree["relation"])
        else { return [] }
        return [LintMatch("reads of \(view) are blocked until its query has finished", on: view)]
    }

    private static let repack = LintRule(
        "prefer-repack",
        .indexes,
        of: [.squawk],
        growsWithTable: true,
        why: "VACUUM FULL and CLUSTER rewrite the table, and block reads and writes while they run.",
        safeForm:
            "rely on autovacuum, or use an extension such as pg_repack, which lets other sessions read and write",
        kinds: ["VacuumStmt", "ClusterStmt"]
    ) { context in
        let isCluster = context.tree.isKind("ClusterStmt")
        guard isCluster || context.tree.isSwitchedOn("full") else { return [] }
        let nodes = isCluster ? [context.tree["relation"]] : context.tree["rels"].items.map { $0["relation"] }
        let command = isCluster ? "CLUSTER" : "VACUUM FULL"
        let tables = nodes.filter(\.exists)
        guard !tables.isEmpty else { return [LintMatch("\(command) locks every table while it is rewritten")] }
        return tables.compactMap(context.existing).map {
            LintMatch("\(command) locks \($0) while it is rewritten", on: $0)
        }
    }

    private static let foreignKeyIndex = LintRule(
        "foreign-key-without-index",
        .indexes,
        of: [.strongMigrations, .eugene],
        why:
            "Every DELETE in the referenced table reads the whole referencing table, unless an index begins with "
            + "the columns of the foreign key.",
        safeForm: "create an index on the columns of the foreign key",
        kinds: ["CreateStmt", "AT_AddConstraint", "AT_AddColumn"]
    ) { context in
        let keys = ForeignKey.all(in: context)
        guard !keys.isEmpty, let table = context.relation(context.tree["relation"]),
            let known = context.outcome[table], known.isComplete
        else { return [] }
        return keys.filter { !known.hasIndex(beginningWith: $0.columns) }.map { key in
            LintMatch(
                "no index of \(table) begins with \(key.columns.joined(separator: ", ")), the foreign key to \(key.target)",
                at: key.node.content.offset
            )
        }
    }

    private static let partitioned = LintRule(
        "refused-on-partitioned-table",
        .indexes,
        severity: .error,
        isRefusal: true,
        why: "The server refuses some statements for partitioned tables that it accepts for other tables.",
        safeForm: "run the statement on each partition, and then on the partitioned table",
        kinds: [
            "IndexStmt", "DropStmt", "ReindexStmt", "CreateStmt", "AT_AddConstraint", "AT_DetachPartition",
        ]
    ) { context in PartitionedTable.refusals(context) }

    private static let wideIndex = LintRule(
        "wide-index",
        .indexes,
        of: [.strongMigrations],
        isOnByDefault: false,
        why:
            "An index with more than three columns is large, slow to maintain, and seldom better than a narrower "
            + "one.",
        safeForm: "index the most selective columns, at most three",
        kinds: ["IndexStmt"]
    ) { context in
        let count = context.tree["indexParams"].items.count
        guard count > 3, !context.tree["unique"].isTrue else { return [] }
        return [LintMatch("the index has \(count) columns")]
    }
}

extension ForeignKey {
    /// The foreign keys that the statement declares.
    static func all(in context: LintContext) -> [ForeignKey] {
        let ofColumns = context.typedColumns.compactMap {
            ForeignKey($0.constraint("CONSTR_FOREIGN"), of: $0.name)
        }
        let constraints =
            context.tree["tableElts"].items.filter { $0.isKind("Constraint") }
            + context.allAlterations.filter { $0.kind == "AT_AddConstraint" }.map(\.definition)
        return ofColumns + constraints.compactMap { ForeignKey($0, of: nil) }
    }
}

extension ParseNode {
    /// Whether an option, in parentheses or as a keyword, is present and not off.
    func isSwitchedOn(_ name: String, in field: StaticString = "options") -> Bool {
        guard let option = self[field].items.first(where: { $0["defname"].string == name }) else { return false }
        guard let text = option["arg"].string else { return option["arg"].int != 0 }
        return !["false", "off", "no", "0"].contains(text.lowercased())
    }
}
