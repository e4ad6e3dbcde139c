/// How Citus stores a table, as far as statements show.
package enum TableDistribution: Sendable, Equatable {
    /// In shards, by the hash of a column.
    case hash(column: String)
    /// In one shard, on one node.
    case single
    /// Complete on every node.
    case reference
    /// On the coordinator, in the metadata of Citus.
    case local
    /// As an ordinary table, because a statement says so.
    case none

    /// Whether it is in the metadata of Citus.
    package var isManaged: Bool { self != .none }

    /// Whether its rows are in shards, on nodes of their own.
    package var isInShards: Bool { column != nil || self == .single }

    /// The distribution column.
    package var column: String? {
        if case .hash(let column) = self { return column }
        return nil
    }
}

/// A call of a function of Citus that changes how a table or a schema is stored.
package struct CitusCall: Sendable {
    /// The name of the function without its schema.
    package let function: String
    private let node: ParseNode

    private init?(_ node: ParseNode) {
        guard node.isKind("FuncCall") else { return nil }
        let names = node["funcname"].names
        guard let name = names.last, names.count == 1 || names.first == "pg_catalog", Self.functions.contains(name)
        else { return nil }
        function = name
        self.node = node
    }

    /// The calls in the list of a SELECT, in its order.
    package static func all(in tree: ParseNode) -> [CitusCall] {
        guard tree.isKind("SelectStmt") else { return [] }
        return tree["targetList"].items.compactMap { CitusCall($0["val"]) }
    }

    private static let functions: Set<String> = [
        "create_distributed_table", "create_distributed_table_concurrently", "create_reference_table",
        "citus_add_local_table_to_metadata", "undistribute_table", "alter_distributed_table",
        "update_distributed_table_colocation", "citus_schema_distribute", "citus_schema_undistribute",
    ]

    /// Its position in the script, in bytes.
    package var offset: Int? { node.offset }

    /// The table; nil if it is not written as a text.
    package var table: RelationName? {
        guard !function.hasPrefix("citus_schema_") else { return nil }
        return argument(0, "table_name").string.flatMap { RelationName(spelled: $0) }
    }

    /// The distributed schema; nil if it is not written as a text.
    package var schema: String? {
        guard function.hasPrefix("citus_schema_") else { return nil }
        return argument(0, "schemaname").string.flatMap { RelationName(spelled: $0)?.name }
    }

    /// How the table is stored afterwards; nil if that stays as it was, or if the text does not show it.
    package var distribution: TableDistribution? {
        switch function {
        case "create_distributed_table", "create_distributed_table_concurrently":
            let column = argument(1, "distribution_column")
            if column["isnull"].isTrue { return .single }
            return column.string.map { .hash(column: $0) }
        case "alter_distributed_table": return argument(1, "distribution_column").string.map { .hash(column: $0) }
        case "create_reference_table": return .reference
        case "citus_add_local_table_to_metadata": return .local
        case "undistribute_table": return TableDistribution.none
        default: return nil
        }
    }

    /// What `colocate_with` asks for.
    package enum Companion: Sendable, Equatable {
        /// The first group of tables that are divided in the same way.
        case `default`
        /// No other table: a new group.
        case alone
        case table(RelationName)
    }

    /// With which tables the table is stored together; nil if the text does not show it.
    package var companion: Companion? {
        let position = function == "update_distributed_table_colocation" ? 1 : 3
        guard hasArgument(position, "colocate_with") else { return .default }
        switch argument(position, "colocate_with").string {
        case "default": return .default
        case "none": return .alone
        case let name?: return RelationName(spelled: name).map { .table($0) }
        case nil: return nil
        }
    }

    /// The number of shards; nil if the call does not set it.
    package var shards: Int? { argument(4, "shard_count").int }

    /// Whether an argument by name is true.
    package func isOn(_ name: String) -> Bool { argument(.max, name)["boolval"]["boolval"].isTrue }

    private func hasArgument(_ position: Int, _ name: String) -> Bool {
        let arguments = node["args"].items
        return arguments.contains { $0.isKind("NamedArgExpr") && $0["name"].string == name }
            || position < arguments.count && !arguments[position].isKind("NamedArgExpr")
    }

    /// An argument by its position or its name, without casts.
    private func argument(_ position: Int, _ name: String) -> ParseNode {
        let arguments = node["args"].items
        var argument = arguments.first { $0.isKind("NamedArgExpr") && $0["name"].string == name }?["arg"] ?? .none
        if !argument.exists, position < arguments.count, !arguments[position].isKind("NamedArgExpr") {
            argument = arguments[position]
        }
        while argument.isKind("TypeCast") { argument = argument["arg"] }
        return argument.isKind("A_Const") ? argument : .none
    }
}
