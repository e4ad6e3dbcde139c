internal import Archive
internal import PostgresClient

extension RestoreWork {
    /// Loads all rows into empty tables.
    var rows: RestoreStep {
        let tables = selection.tablesWithRows
        let jobs =
            isInPlace
            ? LoadJob.inOrder(tables, selection.largeObjects)
            : LoadJob.jobs(
                tables,
                selection.largeObjects,
                workers: options.jobs,
                share: share
            )
        return RestoreStep(
            events: [.phase("loading rows"), .planned(tables: tables.count, bytes: selection.rawBytes)],
            work: .shared(count: jobs.count) { session, next in
                // Foreign keys are in place, so a table follows the tables that it refers to.
                let jobs = record.now.suspended.order.map { LoadJob.inOrder($0, selection.largeObjects) } ?? jobs
                var load = load(allowInvalid: options.allowsInvalid)
                while let number = next() { try load.run(jobs[number], &session) }
            }
        )
    }

    private func share(_ table: Manifest.Table) -> (isShared: Bool, rows: SharedRows?) {
        guard isShared(table) else { return (false, nil) }
        return (true, archive.sharedRows(of: table, among: options.jobs))
    }

    /// Whether several workers load the table. Its rows are then not frozen.
    func isShared(_ table: Manifest.Table) -> Bool {
        guard !isInPlace, options.jobs > 1, archive.hasItsOwnRows(table) else { return false }
        guard archive.isOurs else {
            // A worker cannot send its rows again after it has dropped the CHECK that refused them.
            guard !options.allowsInvalid else { return false }
            // Stored rows have a quarter of the size of their text, or less.
            return table.rawBytes > options.splitBytes / 4
        }
        return table.rawBytes > options.splitBytes
    }

    func load(allowInvalid: Bool) -> TableLoad {
        TableLoad(
            archive,
            encoding: archive.encoding,
            userCode: record.now.userCode,
            record: record,
            allowInvalid: allowInvalid,
            progress: progress
        )
    }
}
