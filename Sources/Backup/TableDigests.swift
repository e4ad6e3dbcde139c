package import Archive
internal import PostgresClient
internal import Storage

extension BackupRun {
    /// Reads all rows as a backup does, from one snapshot, and keeps only their numbers and digests.
    ///
    /// - Parameter originals: Tables of a backup whose digests will be compared. A restored table may have its columns in
    ///   another order; it is read in that of its original.
    /// - Returns: The tables and large objects as a manifest describes them.
    /// - Throws: `BackupError`, `PostgresError`, `CancellationError`.
    package func digests(
        like originals: [Manifest.Table]
    ) async throws -> (tables: [Manifest.Table], largeObjects: Manifest.LargeObjects?) {
        progress(.phase("taking the snapshot"))
        return try await withSnapshot { snapshot in
            var ordered = snapshot
            ordered.orderColumns(like: originals)
            let snapshot = ordered
            let plan = BackupPlan(snapshot, jobs: options.jobs, splitBytes: options.splitBytes)
            let board = DumpBoard(plan, largeObjects: snapshot.largeObjects)
            let writer = ArchiveWriter(sink: CountingSink())
            progress(.phase("reading rows"))
            progress(.planned(tables: plan.tables.count { $0.kind == .ordinary }, bytes: plan.bytes))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<min(options.jobs, plan.jobs.count) {
                    group.addTask { try await work(snapshot, board, writer) }
                }
                try await group.waitForAll()
            }
            return board.outcome()
        }
    }
}

extension ExportedSnapshot {
    /// Children of inheritance get the columns of their parents first when they are created again.
    fileprivate mutating func orderColumns(like originals: [Manifest.Table]) {
        let orders = Dictionary(
            originals.map { (TableName(schema: $0.schema, name: $0.name), $0.columns.map(\.name)) },
            uniquingKeysWith: { first, _ in first }
        )
        for entry in catalog.tables {
            guard let order = orders[entry.table], let present = columns[entry.oid], present.map(\.name) != order else {
                continue
            }
            let byName = Dictionary(present.map { (ExactText($0.name), $0) }, uniquingKeysWith: { first, _ in first })
            let ordered = order.compactMap { byName[ExactText($0)] }
            // Other columns are another table, and the digests will differ.
            if ordered.count == present.count { columns[entry.oid] = ordered }
        }
    }
}
