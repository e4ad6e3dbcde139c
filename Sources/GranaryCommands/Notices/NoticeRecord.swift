internal import Synchronization

/// What a run has done so far, for those who will be told about it.
package final class NoticeRecord: Sendable {
    /// The record of the command that runs; nil if it tells no one.
    @TaskLocal package static var current: NoticeRecord?

    /// What a run does, as metrics name it.
    package enum Job: String, Sendable, CaseIterable {
        case backup, drill
    }

    /// A database, as metrics name it.
    package struct Subject: Sendable, Hashable {
        package var database: String
        package var environment: String?

        package init(database: String, environment: String?) {
            (self.database, self.environment) = (database, environment)
        }
    }

    /// A backup that is complete, or a drill that found nothing.
    package struct Figures: Sendable, Equatable {
        package var subject: Subject
        package var bytes: Int
        /// nil for a drill.
        package var rawBytes: Int?
        package var rows: Int
        package var tables: Int
        package var seconds: Double
        /// In seconds since 1970. With several databases the run ends later.
        package var endedAt: Int
        /// Of a drill: the age of the backup, and the duration of the restore, in seconds.
        package var rpoSeconds: Int?
        package var rtoSeconds: Double?

        package init(
            _ subject: Subject,
            bytes: Int,
            rawBytes: Int? = nil,
            rows: Int,
            tables: Int,
            seconds: Double,
            endedAt: Int
        ) {
            (self.subject, self.bytes, self.rawBytes) = (subject, bytes, rawBytes)
            (self.rows, self.tables, self.seconds, self.endedAt) = (rows, tables, seconds, endedAt)
        }
    }

    private struct State {
        var finished: [Figures] = []
        var failed: [Subject] = []
        var document: JSONDocument?
    }

    private let state = Mutex(State())

    package init() {}

    /// One database is backed up, or its backup was drilled. A command for several calls this for each.
    package func finished(_ figures: Figures) { state.withLock { $0.finished.append(figures) } }

    /// For this database the run is no success, even if its backup is complete. A command that means a single database by
    /// its options need not call this.
    package func failed(_ subject: Subject) { state.withLock { $0.failed.append(subject) } }

    /// The result of the command, as `--json` prints it.
    package func result(_ document: JSONDocument) { state.withLock { $0.document = document } }

    var finished: [Figures] { state.withLock(\.finished) }
    var failed: [Subject] { state.withLock(\.failed) }
    var document: JSONDocument? { state.withLock(\.document) }
}
