internal import Archive
internal import ArgumentParser
internal import Backup
internal import Bookkeeping
internal import Cleaning
internal import Environments
internal import Inspection
internal import LocalServer
internal import Migrations
internal import PostgresClient
internal import Restore
internal import Seeding

/// How a command ended, as the process tells it.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    /// verify found something.
    case findings = 2
    /// A guard, a rule or a person said no.
    case refused = 3
    /// No connection, or no database given.
    case noConnection = 4
    /// Someone else is at it, or holds a lock: try again.
    case busy = 5
    /// `EX_USAGE` of sysexits.
    case usage = 64
    case interrupted = 130

    /// For manuals.
    package var explanation: String {
        switch self {
        case .done: "Done."
        case .failed: "Failed."
        case .findings:
            """
            Findings: damage in an archive, something wrong with migrations or seeds, pending migrations with --check, \
            constraints that were left NOT VALID, a dump that was restored though it is incomplete, problems that the doctor has found.
            """
        case .refused: "Refused by a guard, a rule or a person."
        case .noConnection: "No connection, or no database given."
        case .busy: "Busy: another runner, or a lock that was held for too long. Try again."
        case .usage: "The arguments do not fit."
        case .interrupted: "Interrupted; what was begun was taken back."
        }
    }

    package init(_ error: any Error) {
        self =
            switch error {
            case is CancellationError: .interrupted
            case let error as PostgresError: Self.status(of: error)
            case let error as ArchiveError: error.code == .busy ? .busy : .failed
            case let error as BackupError: error.code == .busy ? .busy : .failed
            case let error as RestoreError: Self.status(of: error)
            case let error as CleaningError: Self.status(of: error)
            case let error as LocalServerError: error.code == .busy ? .busy : .failed
            case let error as InspectionError: Self.status(of: error)
            case let error as CommandError: Self.status(of: error)
            case let error as EnvironmentsError: Self.status(of: error)
            case let error as BookkeepingError: error.code == .refused ? .refused : .failed
            case let error as MigrationError: Self.status(of: error)
            case let error as SeedingError: Self.status(of: error)
            case is ValidationError: .usage
            default: .failed
            }
    }

    private static func status(of error: PostgresError) -> ExitStatus {
        switch (error.code, error.sqlState) {
        // lock_not_available: someone held a table for too long.
        case (_, "55P03"): .busy
        case (.untrusted, _): .refused
        // cannot_connect_now: the server is starting or stopping.
        case (.connection, _), (_, "57P03"): .noConnection
        case (.pooled, _): .refused
        default: .failed
        }
    }

    private static func status(of error: RestoreError) -> ExitStatus {
        switch error.code {
        case .busy: .busy
        case .refused, .untrusted, .incomplete: .refused
        case .selection, .preflight, .statement, .mismatch, .dump: .failed
        }
    }

    private static func status(of error: CleaningError) -> ExitStatus {
        switch error.code {
        case .selection: .usage
        case .protected: .refused
        case .busy: .busy
        case .obstacle, .statement: .failed
        }
    }

    private static func status(of error: EnvironmentsError) -> ExitStatus {
        switch error.code {
        case .usage: .usage
        case .refused: .refused
        case .file: .failed
        }
    }

    private static func status(of error: MigrationError) -> ExitStatus {
        switch error.code {
        case .usage: .usage
        case .policy, .disagreement, .dependent: .refused
        case .busy: .busy
        case .file, .duplicate, .dependency, .statement, .validation: .failed
        }
    }

    private static func status(of error: SeedingError) -> ExitStatus {
        switch error.code {
        case .usage: .usage
        case .refused: .refused
        case .busy: .busy
        case .file, .schema, .database: .failed
        }
    }

    private static func status(of error: InspectionError) -> ExitStatus {
        switch error.code {
        case .usage: .usage
        case .busy: .busy
        case .file: .failed
        }
    }

    private static func status(of error: CommandError) -> ExitStatus {
        switch error.code {
        case .usage: .usage
        case .refused: .refused
        case .noDatabase: .noConnection
        case .file, .obstacles, .limits, .output: .failed
        }
    }
}
