import SQLText

/// The statements that the server refuses for partitioned tables.
enum PartitionedTable {
    static func refusals(_ context: LintContext) -> [LintMatch] {
        switch context.kind {
        case "IndexStmt": index(context)
        case "DropStmt": indexDrop(context)
        case "ReindexStmt": reindex(context)
        case "CreateStmt": definition(context)
        default: context.allAlterations.flatMap { alteration($0, context) }
        }
    }

    private static func index(_ context: LintContext) -> [LintMatch] {
        guard let table = context.relation(context.tree["relation"]), context.isPartitioned(table) else { return [] }
        if context.tree["concurrent"].isTrue {
            return [
                LintMatch(
                    "an index on the partitioned table \(table) cannot be created CONCURRENTLY",
                    on: table,
                    hint: "CREATE INDEX … ON ONLY \(table); CREATE INDEX CONCURRENTLY on each partition; then "
                        + "ALTER INDEX … ATTACH PARTITION for each of them"
                )
            ]
        }
        guard context.tree["unique"].isTrue else { return [] }
        return missingKeys(of: context.tree["indexParams"].items.map { $0["name"].string }, table, context, at: nil)
    }

    private static func indexDrop(_ context: LintContext) -> [LintMatch] {
        guard context.tree["removeType"].string == "OBJECT_INDEX", context.tree["concurrent"].isTrue else { return [] }
        return context.effects.touches.filter { $0.kind == .index && $0.action == .drop }.compactMap { touch in
            guard let table = context.schema.table(ofIndex: touch.relation), context.isPartitioned(table) else {
                return nil
            }
            return LintMatch(
                "\(touch.relation) is an index on the partitioned table \(table), so it cannot be dropped CONCURRENTLY",
                on: table,
                hint: "write DROP INDEX, which locks the table and its partitions for a moment"
            )
        }
    }

    /// REINDEX uses a separate transaction for each partition.
    private static func reindex(_ context: LintContext) -> [LintMatch] {
        guard context.transaction.isOpen, let relation = context.relation(context.tree["relation"]) else { return [] }
        if case .refusesTransaction = context.effects.transaction { return [] }
        let isIndex = context.tree["kind"].string == "REINDEX_OBJECT_INDEX"
        guard let table = isIndex ? context.schema.table(ofIndex: relation) : relation, context.isPartitioned(table)
        else { return [] }
        return [
            LintMatch(
                "REINDEX of \(relation), which is partitioned, cannot run inside a transaction block",
                on: table,
                hint: "begin the file with the line `-- no-transaction`"
            )
        ]
    }

    /// The constraints of a CREATE TABLE.
    private static func definition(_ context: LintContext) -> [LintMatch] {
        let tree = context.tree
        guard tree["partspec"].exists, let table = context.relation(tree["relation"]) else { return [] }
        let key = tree["partspec"]["partParams"].items.map { $0["name"].string }
        return tree["tableElts"].items.flatMap { element -> [LintMatch] in
            if element.isKind("Constraint") { return constraint(element, table, key) }
            let column = element["colname"].string ?? ""
            return element["constraints"].items.flatMap { constraint($0, table, key, column: column) }
        }
    }

    private static func alteration(_ command: Alteration, _ context: LintContext) -> [LintMatch] {
        let table = command.table
        guard let known = context.schema[table], let key = known.partitionKey else { return [] }
        guard command.kind == "AT_AddConstraint" else {
            guard command.definition["concurrent"].isTrue, known.hasDefaultPartition else { return [] }
            return [
                LintMatch(
                    "\(table) has a default partition, so no partition can be detached CONCURRENTLY",
                    on: table,
                    hint: "write DETACH PARTITION in a separate file"
                )
            ]
        }
        let definition = command.definition
        let place = definition.content.offset
        if definition["indexname"].exists {
            return [
                LintMatch(
                    "a constraint of the partitioned table \(table) cannot be added USING INDEX",
                    on: table,
                    at: place,
                    hint:
                        "ALTER TABLE ONLY \(table) ADD CONSTRAINT …; on each partition ADD CONSTRAINT … USING INDEX; then "
                        + "ALTER INDEX … ATTACH PARTITION for each of them"
                )
            ]
        }
        return constraint(definition, table, key)
    }

    private static func constraint(
        _ node: ParseNode,
        _ table: RelationName,
        _ key: [String?],
        column: String? = nil
    ) -> [LintMatch] {
        let kind = node["contype"].string ?? ""
        guard ["CONSTR_UNIQUE", "CONSTR_PRIMARY"].contains(kind) else { return [] }
        let columns = column.map { [$0] } ?? node["keys"].names
        return missing(columns, key, table, at: node.content.offset)
    }

    private static func missingKeys(
        of columns: [String?],
        _ table: RelationName,
        _ context: LintContext,
        at place: Int?
    ) -> [LintMatch] {
        missing(columns.compactMap(\.self), context.schema[table]?.partitionKey ?? [], table, at: place)
    }

    /// The server never compares the rows of two partitions, so a unique key must contain the partition key.
    private static func missing(
        _ columns: [String],
        _ key: [String?],
        _ table: RelationName,
        at place: Int?
    )
        -> [LintMatch]
    {
        let missing = key.compactMap(\.self).filter { !columns.contains($0) }
        guard !missing.isEmpty else { return [] }
        return [
            LintMatch(
                "a unique key of the partitioned table \(table) must contain its partition key, but "
                    + "\(missing.joined(separator: ", ")) is missing",
                on: table,
                at: place,
                hint: "add the column to the key, or create the constraint on each partition"
            )
        ]
    }
}
