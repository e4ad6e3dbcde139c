package import Backup
internal import Project
internal import Storage

// The end of a backup, for those who are told about it.
extension BackupCommand {
    package func surrounding(on console: Console, _ run: () async throws -> Void) async throws {
        try await notice.notices(of: .backup).around(on: console, subject: subject(on: console), run)
    }

    /// What the options say about the database, in case that it does not answer. One that only lists the others is not
    /// what was to be backed up.
    private func subject(on console: Console) -> NoticeRecord.Subject? {
        guard !server.allDatabases else { return nil }
        let migrations = destination.migrations ?? "migrations"
        guard let outlook = try? database.outlook(on: console, migrations: migrations),
            let name = outlook.server?.databaseName
        else { return nil }
        return NoticeRecord.Subject(database: name, environment: outlook.choice?.name)
    }
}

extension NoticeRecord.Figures {
    package init(_ report: BackupReport) {
        self.init(
            NoticeRecord.Subject(database: report.database, environment: report.environment),
            bytes: report.bytes,
            rawBytes: report.rawBytes,
            rows: report.rows,
            tables: report.tables,
            seconds: report.seconds,
            endedAt: UTCTime.now
        )
    }
}
