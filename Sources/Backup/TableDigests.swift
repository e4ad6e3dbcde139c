package import Archive
internal import PostgresClient
internal import Storage

extension BackupRun {
    /// Reads all rows as a backup does, from one snapshot, and keeps only their numbers and digests.
    ///
    /// - Returns: The tables and large objects as a manifest describes them.
    /// - Throws: `BackupError`, `PostgresError`, `CancellationError`.
    package func digests() async throws -> (tables: [Manifest.Table], largeObjects: Manifest.LargeObjects?) {
        progress(.phase("taking the snapshot"))
        return try await withHeldSession(
            server,
            logger: logger,
            prepare: { try snapshotTaker.take(&$0) },
            while: { snapshot in
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
        )
    }
}
