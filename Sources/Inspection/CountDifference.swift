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
                obstacle: table.obstacle
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

extension InspectionScope {
    func includes(_ schema: String) -> Bool {
        if case .schemas(let names) = self { return names.contains(schema) }
        return true
    }
}
