internal import Bookkeeping
internal import PostgresClient
internal import SQLText

extension MigrationPlan {
    /// The backups that run now, with those of their tables that the steps will lock in mode ACCESS EXCLUSIVE, the only
    /// one that waits for a reader.
    func backupsInTheWay(_ session: borrowing Session) throws -> [RunningBackup] {
        guard !steps.isEmpty else { return [] }
        let locked = Set(steps.flatMap { $0.script.locks.filter(\.value.blocksReads).keys })
        let names = locked.map { table in
            (table.schema.map { "\(session.quoted($0))." } ?? "") + session.quoted(table.name)
        }
        return try RunningBackup.all(reading: names, session)
    }
}

extension RunningBackup {
    /// A sentence for people.
    package var note: String {
        let since = since.map { ", since \($0)" } ?? ""
        guard !tables.isEmpty else { return "a backup is running: \(who)\(since)" }
        return "a backup is running: \(who)\(since); it holds \(tables.map(\.spelling).listed()), "
            + "and the migrations that lock \(tables.count == 1 ? "this table" : "these tables") wait until it is done"
    }
}
