package import SQLText

/// The tables that Citus stores in a database, for migrations that are not applied in it. At the time of applied
/// migrations the tables may have been ordinary ones.
package struct ClusterTables: Sendable {
    private var tables: [RelationName: TableDistribution] = [:]
    private var applied: Set<Int> = []

    package init() {}

    /// - Parameters:
    ///   - tables: With their schemas.
    ///   - applied: The versions that the service has applied in the database.
    package init(_ tables: [RelationName: TableDistribution], applied: Set<Int>) {
        self.tables = tables
        self.applied = applied
    }

    func isPending(_ version: Int) -> Bool { !tables.isEmpty && !applied.contains(version) }

    /// A name without a schema means a table only if no other schema has one of that name.
    subscript(name: RelationName) -> TableDistribution? {
        if let known = tables[name] { return known }
        guard name.schema == nil else { return nil }
        let named = tables.filter { $0.key.name == name.name }
        return named.count == 1 ? named.first?.value : nil
    }
}
