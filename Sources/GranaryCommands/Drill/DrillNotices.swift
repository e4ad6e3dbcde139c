internal import Drills
internal import Storage

// The end of a drill, for those who are told about it.
extension DrillCommand {
    /// Only the backup tells which database it is of.
    package func surrounding(on console: Console, _ run: () async throws -> Void) async throws {
        try await notice.notices(of: .drill).around(on: console, subject: nil, run)
    }
}

extension DrillEvidence {
    func record() {
        guard let record = NoticeRecord.current else { return }
        record.result(documentWithoutSeal)
        let subject = NoticeRecord.Subject(database: report.database ?? "", environment: report.environment)
        guard report.isOK else { return record.failed(subject) }
        var figures = NoticeRecord.Figures(
            subject,
            bytes: report.bytes,
            rows: report.rows,
            tables: report.tables,
            seconds: report.seconds,
            endedAt: UTCTime.now
        )
        (figures.rpoSeconds, figures.rtoSeconds) = (report.rpoSeconds, report.rtoSeconds)
        record.finished(figures)
    }
}
