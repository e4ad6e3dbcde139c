/// The tables that Citus stores together: rows with the same value of the distribution column are on the same node.
package struct ColocationGroup: Sendable, Equatable {
    package enum Name: Sendable, Hashable {
        /// Its number in the database.
        case ofDatabase(Int)
        /// Its position among the groups that the files make.
        case ofFiles(Int)
        /// The tables of a distributed schema.
        case ofSchema(String)
    }

    package let name: Name
    /// The type of the distribution columns; nil for tables in a single shard, and if it is unknown.
    let type: ColumnType?
    /// nil if no statement sets it.
    let shards: Int?

    /// A group of the database.
    package init(number: Int) { self.init(name: .ofDatabase(number), type: nil, shards: nil) }

    init(name: Name, type: ColumnType?, shards: Int?) {
        (self.name, self.type, self.shards) = (name, type, shards)
    }

    /// Whether the groups are certainly different. Those of the files may be any of the database.
    package func isOther(than group: ColocationGroup) -> Bool {
        switch (name, group.name) {
        case (.ofDatabase, .ofFiles), (.ofFiles, .ofDatabase): false
        default: name != group.name
        }
    }
}

// How Citus stores tables, as far as statements show.
extension SchemaModel {
    /// How Citus stores a table; nil if no statement says so. A partition is stored like its table.
    package func distribution(of name: RelationName) -> TableDistribution? {
        let table = self[name]
        if let own = table?.distribution { return own }
        if let schema = name.schema, let isDistributed = isDistributed(schema: schema) {
            return isDistributed ? .single : TableDistribution.none
        }
        return table?.partitionOf.flatMap { distribution(of: $0) }
    }

    /// The group of a table of Citus; nil if no statement shows it.
    package func colocation(of name: RelationName) -> ColocationGroup? {
        let table = self[name]
        if table?.distribution != nil { return table?.colocation }
        if let schema = name.schema, isDistributed(schema: schema) == true {
            return ColocationGroup(name: .ofSchema(schema), type: nil, shards: nil)
        }
        return table?.partitionOf.flatMap { colocation(of: $0) }
    }

    package mutating func learn(_ call: CitusCall) {
        if let schema = call.schema {
            return note(schema: schema, isDistributed: call.function == "citus_schema_distribute")
        }
        guard let table = call.table else { return }
        let group = colocation(by: call, of: table)
        if Self.leavingGroups.contains(call.function) { noteGroupsMayBeGone() }
        change(table) {
            $0.distribution = call.distribution ?? $0.distribution
            $0.colocation = group
        }
        guard call.function == "undistribute_table", call.isOn("cascade_via_foreign_keys") else { return }
        for other in connected(with: table) where distribution(of: other)?.isManaged == true {
            change(other) {
                $0.distribution = TableDistribution.none
                $0.colocation = nil
            }
        }
    }

    /// Functions after which a group may have no tables, so that Citus forgets it.
    private static let leavingGroups: Set<String> = [
        "undistribute_table", "alter_distributed_table", "update_distributed_table_colocation",
    ]

    /// The group that a call puts a table in; nil if the text does not show it.
    private mutating func colocation(by call: CitusCall, of table: RelationName) -> ColocationGroup? {
        let type: ColumnType?
        let shards: Int?
        switch call.distribution {
        case .hash(let column) where call.function.hasPrefix("create_"):
            guard let found = self[table]?.columns[column]?.type else { return nil }
            (type, shards) = (found.forColocation, call.shards)
        case .single: (type, shards) = (nil, 1)
        case nil where call.function == "update_distributed_table_colocation":
            guard let old = colocation(of: table), call.companion != .default else { return nil }
            (type, shards) = (old.type, old.shards)
        default: return nil
        }
        switch call.companion {
        case .table(let other): return colocation(of: other)
        case .alone: return makeGroup(type, shards)
        case .default: return defaultGroup(type, shards)
        case nil: return nil
        }
    }

    /// The first group of the same type and number of shards, as Citus chooses it.
    private mutating func defaultGroup(_ type: ColumnType?, _ shards: Int?) -> ColocationGroup? {
        let similar = groups.filter { $0.type == type }
        guard let first = similar.first else { return makeGroup(type, shards) }
        // The number of shards that the server takes by itself may be any.
        if first.shards == shards { return groupsMayBeGone && similar.count > 1 ? nil : first }
        let areKnown = shards != nil && similar.allSatisfy { $0.shards != nil }
        guard areKnown, !groupsMayBeGone else { return nil }
        return similar.first { $0.shards == shards } ?? makeGroup(type, shards)
    }
}

extension ColumnType {
    /// Whether Citus can store tables together that are distributed by columns of these types.
    package func isStored(like other: ColumnType) -> Bool { forColocation == other.forColocation }

    /// The type for comparisons: without modifiers and the schema of an extension, which may be written or not.
    fileprivate var forColocation: ColumnType {
        var type = ColumnType(name.split(separator: ".").last.map(String.init) ?? name)
        if let size = integerSize { type.name = "int\(size)" }
        type.isArray = isArray
        return type
    }
}
