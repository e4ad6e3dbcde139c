/// The schema that results from statements, as far as their texts show: tables with their columns, indexes and
/// constraints.
///
///     var schema = SchemaModel()
///     for file in files { schema.learn(from: file.script) }
///     schema["shop.orders"]?.columns
///
/// Tables that no statement created are unknown. A name with a schema and the same name without one mean the same
/// table, unless both were created.
package struct SchemaModel: Sendable {
    package struct Column: Sendable {
        /// The type as written. It is rarely needed, so it is only parsed on demand.
        var typeName: ParseNode
        package internal(set) var isNotNull = false

        package var type: ColumnType { ColumnType(typeName) }
    }

    package struct Table: Sendable {
        package enum Origin: Sendable {
            /// CREATE TABLE, CREATE FOREIGN TABLE.
            case definition
            /// A view, or a table that a query fills.
            case query
        }

        /// The statement kind that created it; nil if no statement did, so that only changes are known.
        package internal(set) var origin: Origin?
        package internal(set) var columns: [String: Column] = [:]
        /// Whether all of its columns are written in the statement; false if some come from LIKE, a parent or a query.
        var columnsAreWritten = false
        /// The columns of each index over all rows, by the name of the index. nil for an expression.
        package internal(set) var indexes: [String: [String?]] = [:]
        /// Columns for which a constraint excludes NULL, by its name; only constraints that were checked on all rows.
        package internal(set) var notNullChecks: [String: Set<String>] = [:]
        var unvalidatedNotNullChecks: [String: Set<String>] = [:]
        /// The columns of the primary key; empty if there is none.
        package internal(set) var primaryKey: [String] = []
        /// The columns that decide on the partition, an expression as nil; nil for a table without partitions.
        package internal(set) var partitionKey: [String?]?
        /// How Citus stores it; nil if no statement says so.
        var distribution: TableDistribution?
        /// Its group; nil if no statement shows it.
        var colocation: ColocationGroup?
        /// The foreign keys by their names.
        package internal(set) var foreignKeys: [String: ForeignKey] = [:]
        /// The table of which it is a partition.
        var partitionOf: RelationName?
        /// The names of unique indexes among `indexes`.
        private var uniqueNames: Set<String> = []
        var defaultPartition: RelationName?
        /// The table whose default partition it is.
        var defaultPartitionOf: RelationName?
        private var unnamed = 0

        package var isPartitioned: Bool { partitionKey != nil }
        package var hasDefaultPartition: Bool { defaultPartition != nil }

        /// Whether the statements contain its whole history.
        package var isComplete: Bool { origin == .definition }

        /// The names of its columns; nil if some are not written in the statements.
        package var columnNames: Set<String>? { columnsAreWritten ? Set(columns.keys) : nil }

        mutating func addIndex(_ name: String?, _ columns: [String?], isUnique: Bool) {
            unnamed += 1
            let key = name ?? " \(unnamed)"
            indexes[key] = columns
            if isUnique { uniqueNames.insert(key) } else { uniqueNames.remove(key) }
        }

        mutating func renameIndex(_ old: String, _ new: String) {
            indexes[new] = indexes.removeValue(forKey: old)
            if uniqueNames.remove(old) != nil { uniqueNames.insert(new) }
        }

        /// The columns of each unique index over all rows, in the order of their names.
        package var uniqueKeys: [[String?]] {
            indexes.filter { uniqueNames.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
        }

        /// Whether an index finds rows by these columns: they are its first columns, in any order.
        package func hasIndex(beginningWith columns: [String]) -> Bool {
            indexes.values.contains { index in
                index.count >= columns.count && Set(index.prefix(columns.count)) == Set(columns.map(Optional.some))
            }
        }

        /// Whether an index has the column.
        package func isIndexed(_ column: String) -> Bool { indexes.values.contains { $0.contains(column) } }

        /// The column has no NULL, and the server knows it.
        package func isKnownNotNull(_ column: String, without dropped: Set<String> = []) -> Bool {
            columns[column]?.isNotNull == true
                || notNullChecks.contains { !dropped.contains($0.key) && $0.value.contains(column) }
        }
    }

    private final class Base: Sendable {
        let schema: SchemaModel
        init(_ schema: SchemaModel) { self.schema = schema }
    }

    /// The changes of this schema, without the one below it.
    package struct Changes: Sendable {
        /// nil for a table that was dropped.
        fileprivate var tables: [RelationName: Table?] = [:]
        /// The schemas in which tables of a name were created.
        fileprivate var schemas: [String: Set<String>] = [:]
        fileprivate var tablesOfIndexes: [RelationName: RelationName] = [:]
        /// The tables that have, or had, a foreign key to a table of a name, which saves a search in all tables.
        fileprivate var referrers: [String: Set<RelationName>] = [:]
        /// Functions, and whether all that have the name are IMMUTABLE or STABLE.
        fileprivate var steadyFunctions: [RelationName: Bool] = [:]
        /// Whether Citus stores all tables of a schema together on one node.
        fileprivate var distributedSchemas: [String: Bool] = [:]
        /// The groups of tables that Citus stores together, in the order in which they were made.
        fileprivate var groups: [ColocationGroup] = []
        /// Whether a group may have lost all of its tables.
        fileprivate var groupsMayBeGone = false
        fileprivate var isOpaque = false
    }

    package private(set) var changes = Changes()
    private let base: Base?

    package init() { base = nil }

    /// A schema on top of another, which is not copied.
    package init(over schema: SchemaModel) { base = Base(schema) }

    /// The table, or the changes of a table that no statement created.
    package subscript(name: RelationName) -> Table? { entry(key(of: name)) }

    /// A table or view that a statement created.
    package func madeTable(_ name: RelationName) -> Table? {
        let table = self[name]
        return table?.origin == nil ? nil : table
    }

    /// The tables and views that statements created.
    package var made: [RelationName] {
        let inherited = base?.schema.made.filter { changes.tables[$0] == nil } ?? []
        return inherited + changes.tables.compactMap { name, table in table?.origin == nil ? nil : name }
    }

    /// A statement had effects that its text does not show, so there may be more objects than these.
    package var isOpaque: Bool { changes.isOpaque || base?.schema.isOpaque == true }

    /// The table that an index is on.
    package func table(ofIndex index: RelationName) -> RelationName? {
        changes.tablesOfIndexes[index] ?? base?.schema.table(ofIndex: index)
    }

    /// Whether a function is IMMUTABLE or STABLE, so that it returns the same value for every row of a statement; nil
    /// if no statement created it.
    package func isSteady(function name: RelationName) -> Bool? {
        changes.steadyFunctions[name] ?? base?.schema.isSteady(function: name)
    }

    /// Applies changes that were recorded on top of this schema.
    package mutating func apply(_ learned: Changes) {
        for (name, table) in learned.tables { changes.tables[name] = .some(table) }
        changes.schemas.merge(learned.schemas) { $0.union($1) }
        changes.tablesOfIndexes.merge(learned.tablesOfIndexes) { $1 }
        changes.referrers.merge(learned.referrers) { $0.union($1) }
        changes.steadyFunctions.merge(learned.steadyFunctions) { $1 }
        changes.distributedSchemas.merge(learned.distributedSchemas) { $1 }
        changes.groups += learned.groups
        changes.groupsMayBeGone = changes.groupsMayBeGone || learned.groupsMayBeGone
        changes.isOpaque = changes.isOpaque || learned.isOpaque
    }
}

// Names.
extension SchemaModel {
    private func entry(_ key: RelationName) -> Table? { changes.tables[key] ?? base?.schema.entry(key) }

    private func isMade(_ key: RelationName) -> Bool {
        guard let own = changes.tables[key] else { return base?.schema.isMade(key) == true }
        return own?.origin != nil
    }

    private func schemas(of name: String) -> Set<String> {
        (changes.schemas[name] ?? []).union(base?.schema.schemas(of: name) ?? [])
    }

    /// The name under which a table is known here.
    private func key(of name: RelationName) -> RelationName {
        if isMade(name) { return name }
        let others =
            name.schema == nil
            ? schemas(of: name.name).sorted().map { RelationName(schema: $0, name: name.name) }
            : [RelationName(schema: nil, name: name.name)]
        return others.first(where: isMade) ?? name
    }
}

// Changes.
extension SchemaModel {
    mutating func noteOpaque() { changes.isOpaque = true }

    mutating func note(index: RelationName, on table: RelationName) { changes.tablesOfIndexes[index] = table }

    /// If one function with a name is volatile, the name counts as volatile. A name without a schema includes all
    /// functions of that name.
    mutating func note(function name: RelationName, isSteady: Bool, replaces: Bool) {
        changes.steadyFunctions[name] = isSteady && (replaces || self.isSteady(function: name) ?? true)
        guard name.schema != nil else { return }
        note(function: RelationName(schema: nil, name: name.name), isSteady: isSteady, replaces: false)
    }

    /// Whether Citus distributes the schema; nil if no statement says so.
    func isDistributed(schema: String) -> Bool? {
        changes.distributedSchemas[schema] ?? base?.schema.isDistributed(schema: schema)
    }

    mutating func note(schema: String, isDistributed: Bool) { changes.distributedSchemas[schema] = isDistributed }

    var groups: [ColocationGroup] { (base?.schema.groups ?? []) + changes.groups }

    var groupsMayBeGone: Bool { changes.groupsMayBeGone || base?.schema.groupsMayBeGone == true }

    mutating func noteGroupsMayBeGone() { changes.groupsMayBeGone = true }

    /// Records a new group of tables that Citus stores together.
    mutating func makeGroup(_ type: ColumnType?, _ shards: Int?) -> ColocationGroup {
        let group = ColocationGroup(name: .ofFiles(groups.count), type: type, shards: shards)
        changes.groups.append(group)
        return group
    }

    /// Records that a statement created the table with exactly this name.
    mutating func make(_ name: RelationName, _ table: Table) {
        if let schema = name.schema { changes.schemas[name.name, default: []].insert(schema) }
        changes.tables[name] = table
        noteForeignKeys(of: name, table)
    }

    /// Whether a statement created exactly this table.
    func hasMade(_ name: RelationName) -> Bool { isMade(name) }

    mutating func change(_ name: RelationName, _ body: (inout Table) -> Void) {
        let key = key(of: name)
        var table = entry(key) ?? Table()
        // Held only once, so that it is changed in place.
        changes.tables[key] = .some(nil)
        body(&table)
        changes.tables[key] = table
        noteForeignKeys(of: key, table)
    }

    private mutating func noteForeignKeys(of name: RelationName, _ table: Table) {
        for foreignKey in table.foreignKeys.values {
            changes.referrers[foreignKey.target.name, default: []].insert(name)
        }
    }

    private func referrers(of name: String) -> Set<RelationName> {
        (changes.referrers[name] ?? []).union(base?.schema.referrers(of: name) ?? [])
    }

    mutating func setDefaultPartition(_ partition: RelationName, of table: RelationName) {
        change(table) { $0.defaultPartition = partition }
        change(partition) { $0.defaultPartitionOf = table }
    }

    /// Turns a partition into an ordinary table.
    mutating func detach(_ partition: RelationName) {
        guard let table = self[partition]?.defaultPartitionOf else { return }
        change(table) { $0.defaultPartition = nil }
        change(partition) { $0.defaultPartitionOf = nil }
    }

    mutating func drop(_ name: RelationName) {
        detach(name)
        if self[name]?.distribution != nil { noteGroupsMayBeGone() }
        changeForeignKeys(to: name) { _ in nil }
        changes.tables[key(of: name)] = .some(nil)
    }

    /// Gives a table another name or schema.
    mutating func move(_ name: RelationName, _ newName: (RelationName) -> RelationName) {
        let key = key(of: name)
        guard let table = entry(key) else { return }
        changes.tables[key] = .some(nil)
        let new = newName(key)
        make(new, table)
        changeForeignKeys(to: key) { foreignKey in
            foreignKey.target = new
            return foreignKey
        }
        if let parent = table.defaultPartitionOf { change(parent) { $0.defaultPartition = new } }
        if let partition = table.defaultPartition { change(partition) { $0.defaultPartitionOf = new } }
    }

    /// The table, and all that foreign keys connect with it, in any direction and over other tables.
    func connected(with table: RelationName) -> Set<RelationName> {
        var found: Set = [key(of: table)]
        var open = Array(found)
        while let next = open.popLast() {
            let targets = entry(next)?.foreignKeys.values.map(\.target) ?? []
            let others = referrers(of: next.name).filter { other in
                entry(other)?.foreignKeys.values.contains { $0.target.canBe(next) } == true
            }
            for name in targets + others where found.insert(key(of: name)).inserted { open.append(key(of: name)) }
        }
        return found
    }

    /// Changes the foreign keys that refer to a table; nil for those that are gone.
    mutating func changeForeignKeys(to target: RelationName, _ body: (inout ForeignKey) -> ForeignKey?) {
        for table in referrers(of: target.name)
        where entry(table)?.foreignKeys.values.contains(where: { $0.target.canBe(target) }) == true {
            change(table) { table in
                table.foreignKeys = table.foreignKeys.compactMapValues { foreignKey in
                    var foreignKey = foreignKey
                    return foreignKey.target.canBe(target) ? body(&foreignKey) : foreignKey
                }
            }
        }
    }
}
