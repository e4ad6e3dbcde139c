internal import Archive
internal import PostgresClient

extension RestoreWork {
    /// All rows into tables that are empty.
    var rows: RestoreStep {
        let tables = selection.tablesWithRows
        let jobs =
            isInPlace
            ? LoadJob.inOrder(tables, selection.largeObjects)
            : LoadJob.jobs(
                tables,
                selection.largeObjects,
                workers: options.jobs,
                splitBytes: options.splitBytes
            )
        return RestoreStep(
            events: [.phase("loading rows"), .planned(tables: tables.count, bytes: selection.rawBytes)],
            work: .shared(count: jobs.count) { session, next in
                // Under foreign keys that are on meanwhile a table comes after those that it refers to.
                let jobs = record.now.suspended.order.map { LoadJob.inOrder($0, selection.largeObjects) } ?? jobs
                var load = load(allowInvalid: options.allowInvalid)
                while let number = next() { try load.run(jobs[number], &session) }
            }
        )
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
