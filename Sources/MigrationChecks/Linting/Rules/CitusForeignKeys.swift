import SQLText

/// Foreign keys that Citus refuses (`ErrorIfUnsupportedForeignConstraintExists` in its `foreign_constraint.c`): those that
/// a statement adds to a table of Citus, and those of an ordinary table that becomes one.
enum CitusForeignKeys {
    static func all(in context: LintContext) -> [LintMatch] {
        if context.kind == "SelectStmt" { return ofNewTables(context) }
        guard let table = context.relation(context.tree["relation"]),
            let own = context.distribution(of: table)
        else { return [] }
        let cluster = Cluster(context, context.schema)
        // CREATE TABLE makes a table of Citus in a distributed schema alone.
        let group = cluster.colocation(of: table)
        return ForeignKey.all(in: context).compactMap { key in
            guard let reason = cluster.refusal(of: key, from: table, own, group) else { return nil }
            return LintMatch(reason, at: key.node.content.offset, hint: nil)
        }
    }

    private static func ofNewTables(_ context: LintContext) -> [LintMatch] {
        var schema = context.schema
        var matches: [LintMatch] = []
        // Each call finds the tables as the calls before it have left them.
        for call in CitusCall.all(in: context.tree) {
            let before = Cluster(context, schema)
            schema.learn(call)
            let after = Cluster(context, schema)
            for table in tables(of: call, in: schema) {
                guard let own = after.distribution(of: table) else { continue }
                let keys = (schema[table]?.foreignKeys ?? [:]).sorted { $0.key < $1.key }
                for (name, key) in keys {
                    let cluster = call.schema == nil ? before : after
                    let reason = cluster.refusal(of: key, from: table, own, after.colocation(of: table))
                    guard let reason else { continue }
                    matches.append(LintMatch("foreign key \(name): \(reason)", at: call.offset))
                }
            }
        }
        return matches
    }

    /// The tables that a call makes tables of Citus.
    private static func tables(of call: CitusCall, in schema: SchemaModel) -> [RelationName] {
        if call.function == "citus_schema_distribute" {
            return schema.made.filter { $0.schema == call.schema }.sorted { $0.name < $1.name }
        }
        return call.distribution.map(\.isManaged) == true ? [call.table].compactMap(\.self) : []
    }

    /// How the tables are stored at one point of a file.
    private struct Cluster {
        let context: LintContext
        let schema: SchemaModel

        init(_ context: LintContext, _ schema: SchemaModel) { (self.context, self.schema) = (context, schema) }

        func distribution(of table: RelationName) -> TableDistribution? { context.distribution(of: table, in: schema) }

        func colocation(of table: RelationName) -> ColocationGroup? { context.colocation(of: table, in: schema) }

        /// Whether the files show that it is an ordinary table.
        private func isOrdinary(_ table: RelationName) -> Bool {
            let known = distribution(of: table)
            return known == TableDistribution.none || known == nil && schema.madeTable(table) != nil && !schema.isOpaque
        }

        /// The reason why Citus refuses a foreign key; nil if it does not, as far as the text shows.
        func refusal(
            of key: ForeignKey,
            from table: RelationName,
            _ own: TableDistribution,
            _ group: ColocationGroup?
        ) -> String? {
            let isOwn = key.target.canBe(table)
            guard let other = isOwn ? own : distribution(of: key.target), other != TableDistribution.none else {
                return isOrdinary(key.target) && own.isInShards
                    ? "\(table) is distributed, so it cannot refer to \(key.target), which is an ordinary table" : nil
            }
            switch (own, other) {
            case (.reference, .hash), (.reference, .single), (.local, .hash), (.local, .single):
                return "\(table) is not in shards, so it cannot refer to \(key.target), which is"
            case (.hash, .local), (.single, .local):
                return "\(table) is distributed, so it cannot refer to \(key.target), which is on the coordinator alone"
            case (.hash, .single), (.single, .hash): return Self.apart(table, key.target)
            case (.single, .single), (.hash, .hash):
                let otherGroup = isOwn ? group : colocation(of: key.target)
                if let group, let otherGroup, group.isOther(than: otherGroup) { return Self.apart(table, key.target) }
            default: break
            }
            if case (.hash(let column), .hash(let target)) = (own, other) {
                let targets = key.targetColumns.isEmpty ? schema[key.target]?.primaryKey ?? [] : key.targetColumns
                // Without its columns the text does not show the key.
                if targets.count == key.columns.count,
                    !zip(key.columns, targets).contains(where: { $0 == column && $1 == target })
                {
                    return
                        "the key does not lead from \(table).\(column) to \(key.target).\(target), by which the tables "
                        + "are distributed"
                }
            }
            return change(by: key, of: own)
        }

        private static func apart(_ table: RelationName, _ target: RelationName) -> String {
            "\(table) and \(target) are not in the same group"
        }

        /// The distribution column keeps its values.
        private func change(by key: ForeignKey, of own: TableDistribution) -> String? {
            guard let column = own.column, key.columns.contains(column) else { return nil }
            if let action = key.action.onDelete, action != "CASCADE" {
                return "ON DELETE \(action) would change \(column), the distribution column"
            }
            return key.action.onUpdate.map { "ON UPDATE \($0) would change \(column), the distribution column" }
        }
    }
}
