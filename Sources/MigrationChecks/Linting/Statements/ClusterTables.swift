package import SQLText

/// The tables that Citus stores in a database, for migrations that are not applied in it. At the time of applied
/// migrations the tables may have been ordinary ones.
package struct ClusterTables: Sendable {
    private var tables: [RelationName: TableDistribution] = [:]
    private var groups: [RelationName: ColocationGroup] = [:]
    private var applied: Set<Int> = []

    package init() {}

    /// - Parameters:
    ///   - tables: With their schemas.
    ///   - groups: The tables that are stored together.
    ///   - applied: The versions that the service has applied in the database.
    package init(
        _ tables: [RelationName: TableDistribution],
        groups: [RelationName: ColocationGroup],
        applied: Set<Int>
    ) {
        (self.tables, self.groups) = (tables, groups)
        self.applied = applied
    }

    func isPending(_ version: Int) -> Bool { !tables.isEmpty && !applied.contains(version) }

    subscript(name: RelationName) -> TableDistribution? { key(of: name).flatMap { tables[$0] } }

    func group(of name: RelationName) -> ColocationGroup? { key(of: name).flatMap { groups[$0] } }

    /// A name without a schema means a table only if no other schema has one of that name.
    private func key(of name: RelationName) -> RelationName? {
        if tables[name] != nil { return name }
        guard name.schema == nil else { return nil }
        let named = tables.keys.filter { $0.name == name.name }
        return named.count == 1 ? named.first : nil
    }
}
