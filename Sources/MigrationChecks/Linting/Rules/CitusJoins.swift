import SQLText

/// Joins that Citus refuses: it joins tables that are divided only shard by shard, in the same group and by their
/// distribution columns. A SELECT alone may be something else on the server, so only statements that write are checked.
enum CitusJoins {
    static func all(in context: LintContext) -> [LintMatch] {
        if context.kind == "InsertStmt" {
            guard !context.transaction.settings.contains("citus.enable_repartition_joins") else { return [] }
            let query = context.tree["selectStmt"]
            return refusal(JoinedTables([], in: query, query["fromClause"], context)).map { [$0] } ?? []
        }
        let target = JoinedTables(
            [context.tree["relation"]],
            in: context.tree,
            context.tree[context.kind == "UpdateStmt" ? "fromClause" : "usingClause"],
            context
        )
        guard let first = target.tables.first else { return [] }
        if first.distribution == .reference, context.relation(context.tree["relation"]) == first.name,
            let other = target.tables.first(where: { $0.distribution.isInShards })
        {
            return [
                LintMatch(
                    "\(first.name) is a reference table, so its rows cannot be joined with \(other.name), which is in shards",
                    hint: "select the values in a CTE that is MATERIALIZED, and join it"
                )
            ]
        }
        return refusal(target).map { [$0] } ?? []
    }

    private static func refusal(_ join: JoinedTables) -> LintMatch? {
        let tables = join.tables.filter(\.distribution.isInShards)
        for (index, table) in tables.enumerated() {
            for other in tables[..<index] where table.isApart(from: other) {
                return LintMatch(
                    "\(other.name) and \(table.name) are not in the same group, so Citus cannot join them",
                    hint: "select the rows of one in a CTE that is MATERIALIZED, and join it"
                )
            }
        }
        guard tables.count > 1, let lone = tables.first(where: { !join.conditionsName($0) }) else { return nil }
        return LintMatch(
            "\(lone.name) is joined without \(lone.distribution.column ?? ""), by which it is distributed",
            hint: "join by the distribution columns, or select the rows of one table in a CTE that is MATERIALIZED"
        )
    }
}

/// The tables of Citus that a statement joins, without those in subqueries.
private struct JoinedTables {
    struct Table {
        var name: RelationName
        var distribution: TableDistribution
        var group: ColocationGroup?

        func isApart(from other: Table) -> Bool {
            if (distribution == .single) != (other.distribution == .single) { return true }
            guard let group, let other = other.group else { return false }
            return group.isOther(than: other)
        }
    }

    private(set) var tables: [Table] = []
    /// The columns that conditions of the joins name, also in subqueries.
    private var columns: Set<String> = []
    /// Whether a condition may name any column.
    private var isNatural = false

    init(_ targets: [ParseNode], in tree: ParseNode, _ sources: ParseNode, _ context: LintContext) {
        // The WITH of an INSERT is before the whole statement or before its SELECT.
        let clauses = [tree["withClause"], context.tree["withClause"]]
        let queries = Set(clauses.flatMap { $0["ctes"].items.compactMap { $0["ctename"].string } })
        add(condition: tree["whereClause"])
        for item in targets + sources.items { add(item, besides: queries, context) }
    }

    private mutating func add(_ item: ParseNode, besides queries: Set<String>, _ context: LintContext) {
        if item.isKind("JoinExpr") {
            isNatural = isNatural || item["isNatural"].isTrue
            columns.formUnion(item["usingClause"].names)
            add(condition: item["quals"])
            for side in [item["larg"], item["rarg"]] { add(side, besides: queries, context) }
        } else if let name = context.relation(item), name.schema != nil || !queries.contains(name.name),
            let distribution = context.distribution(of: name), distribution.isManaged
        {
            tables.append(Table(name: name, distribution: distribution, group: context.colocation(of: name)))
        }
    }

    private mutating func add(condition: ParseNode) {
        for reference in condition.descendants(ofKind: "ColumnRef") {
            if let column = reference["fields"].names.last { columns.insert(column) }
        }
    }

    func conditionsName(_ table: Table) -> Bool { isNatural || table.distribution.column.map(columns.contains) ?? true }
}
