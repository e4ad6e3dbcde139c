package import Archive
package import PostgresClient

/// The rows of a table now and in a backup.
package struct CountDifference: Sendable, Equatable {
    package var table: TableName
    /// nil if the table is not in the backup, or its rows were excluded.
    package var then: Int?
    /// nil if the table is gone, or could not be counted.
    package var now: Int?
    package var isExact: Bool
    package var isGone: Bool
    package var obstacle: RowCounts.Obstacle?
    /// The tables that hold its rows.
    var leaves: [TableName] = []
    /// Whether it has the same rows as in the backup; nil if that was not compared.
    package var hasSameRows: Bool?

    package var change: Int? { then.flatMap { then in now.map { $0 - then } } }

    /// Compares the tables of the backup with those of the database. Partitions are added to their present parent.
    package static func between(
        _ counts: RowCounts,
        and manifest: Manifest,
        scope: InspectionScope
    ) -> [CountDifference] {
        var before: [TableName: Manifest.Table] = [:]
        for table in manifest.tables where scope.includes(table.schema) {
            before[TableName(schema: table.schema, name: table.name)] = table
        }
        var differences = counts.tables.map { table -> CountDifference in
            let known = ([table.name] + table.leaves).compactMap { before.removeValue(forKey: $0) }
            let isLeftOut = known.isEmpty || known.contains(where: \.dataLeftOut)
            return CountDifference(
                table: table.name,
                then: isLeftOut ? nil : known.reduce(0) { $0 + $1.rows },
                now: table.rows,
                isExact: table.isExact,
                isGone: false,
                obstacle: table.obstacle,
                leaves: table.leaves.isEmpty ? [table.name] : table.leaves
            )
        }
        for (name, table) in before where table.kind != .partitioned {
            differences.append(
                CountDifference(
                    table: name,
                    then: table.dataLeftOut ? nil : table.rows,
                    now: nil,
                    isExact: true,
                    isGone: true
                )
            )
        }
        return differences.sorted { $0.table < $1.table }
    }
}

extension CountDifference {
    /// Compares the rows by their digests.
    ///
    /// - Parameter tables: The present tables, as a manifest describes them.
    package mutating func compare(_ tables: [Manifest.Table], with manifest: Manifest) {
        guard !isGone, then != nil else { return }
        func digests(_ tables: [Manifest.Table]) -> [TableName: Digest] {
            let named = tables.filter { !$0.dataLeftOut && $0.kind == .ordinary }
                .map { (TableName(schema: $0.schema, name: $0.name), $0.digest) }
            return Dictionary(named, uniquingKeysWith: { first, _ in first })
        }
        let (present, past) = (digests(tables), digests(manifest.tables))
        guard leaves.allSatisfy({ present[$0] != nil }) else { return }
        hasSameRows = leaves.allSatisfy { past[$0] == present[$0] }
    }
}

extension InspectionScope {
    func includes(_ schema: String) -> Bool {
        if case .schemas(let names) = self { return names.contains(schema) }
        return true
    }
}
