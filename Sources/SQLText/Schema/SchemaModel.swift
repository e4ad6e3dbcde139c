package import SQLText

/// What migrations have made so far, as far as rules need it: columns and their types, indexes, constraints.
///
/// Names are taken as they are written. What no file has made is not known, and nothing is said of it.
package struct SchemaFacts: Sendable {
    package struct Column: Sendable {
        /// As it is written: few ask for the type, and every file is learned from.
        var typeName: ParseNode
        var isNotNull = false

        var type: ColumnType { ColumnType(typeName) }
    }

    package struct Table: Sendable {
        var columns: [String: Column] = [:]
        /// The columns of each index that holds all rows, by the name of the index. An expression is nil.
        var indexes: [String: [String?]] = [:]
        /// Columns that a constraint keeps from being NULL, by its name; only where the rows have been looked at.
        var notNullChecks: [String: Set<String>] = [:]
        var unvalidatedNotNullChecks: [String: Set<String>] = [:]
        var isPartitioned = false
        /// A file creates it; of others only what came later is known.
        var isComplete = false
        private var unnamed = 0

        mutating func addIndex(_ name: String?, _ columns: [String?]) {
            unnamed += 1
            indexes[name ?? " \(unnamed)"] = columns
        }

        /// Whether the rows with these columns are found by an index: they are its first, in any order.
        func hasIndex(beginningWith columns: [String]) -> Bool {
            indexes.values.contains { index in
                index.count >= columns.count && Set(index.prefix(columns.count)) == Set(columns.map(Optional.some))
            }
        }

        /// No row has a NULL there, and the server knows it.
        func isKnownNotNull(_ column: String, without dropped: Set<String> = []) -> Bool {
            columns[column]?.isNotNull == true
                || notNullChecks.contains { !dropped.contains($0.key) && $0.value.contains(column) }
        }
    }

    private final class Base: Sendable {
        let facts: SchemaFacts
        init(_ facts: SchemaFacts) { self.facts = facts }
    }

    /// What is known of its own, without that which it stands on.
    struct Changes: Sendable {
        /// nil for what was there and is no more.
        fileprivate var tables: [RelationName: Table?] = [:]
        fileprivate var tablesOfIndexes: [RelationName: RelationName] = [:]
    }

    private(set) var changes = Changes()
    private let base: Base?

    package init() { base = nil }

    /// Others on top of these, which are not copied.
    init(over facts: SchemaFacts) { base = Base(facts) }

    package subscript(table: RelationName) -> Table? {
        get { changes.tables[table] ?? base?.facts[table] }
        set { changes.tables[table] = .some(newValue) }
    }

    /// The table that an index is on.
    func table(ofIndex index: RelationName) -> RelationName? {
        changes.tablesOfIndexes[index] ?? base?.facts.table(ofIndex: index)
    }

    mutating func note(index: RelationName, on table: RelationName) { changes.tablesOfIndexes[index] = table }

    /// Takes over what was learned on top of these.
    mutating func apply(_ learned: Changes) {
        for (table, facts) in learned.tables { changes.tables[table] = .some(facts) }
        for (index, table) in learned.tablesOfIndexes { changes.tablesOfIndexes[index] = table }
    }

    mutating func change(_ table: RelationName, _ body: (inout Table) -> Void) {
        var facts = self[table] ?? Table()
        // Not held twice, so that it is changed where it is.
        changes.tables[table] = .some(nil)
        body(&facts)
        changes.tables[table] = facts
    }
}
