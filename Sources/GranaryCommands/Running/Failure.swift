internal import Archive
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

/// What a command ends with when it does not end well: the sentence, the way out, and the exit code.
package struct Failure: Sendable, Equatable {
    package var status: ExitStatus
    package var message: String
    package var hint: String?
    /// The server's five characters: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    package var sqlState: String?

    package init(_ status: ExitStatus, _ message: String, hint: String? = nil, sqlState: String? = nil) {
        self.status = status
        self.message = Formatting.harmless(Masking.masked(message))
        self.hint = hint.map { Formatting.harmless(Masking.masked($0)) }
        self.sqlState = sqlState
    }

    package init(_ error: any Error) {
        let status = ExitStatus(error)
        switch error {
        case let error as PostgresError:
            self.init(status, "\(error)", hint: error.hint, sqlState: error.sqlState)
        case let error as BackupError: self.init(status, "\(error)", hint: error.hint)
        case let error as RestoreError: self.init(status, "\(error)", hint: error.hint)
        case let error as ArchiveError: self.init(status, "\(error)", hint: error.hint)
        case let error as LocalServerError: self.init(status, "\(error)", hint: error.hint)
        case let error as EnvironmentsError: self.init(status, "\(error)", hint: error.hint)
        case let error as BookkeepingError: self.init(status, "\(error)", hint: error.hint)
        case let error as MigrationError: self.init(status, "\(error)", hint: error.hint, sqlState: error.sqlState)
        case let error as CleaningError: self.init(status, "\(error)", hint: error.hint, sqlState: error.sqlState)
        case let error as SeedingError: self.init(status, "\(error)", hint: error.hint, sqlState: error.sqlState)
        case let error as InspectionError: self.init(status, "\(error)", hint: error.hint)
        case let error as CommandError: self.init(status, "\(error)", hint: error.hint)
        case is CancellationError: self.init(status, "interrupted")
        default: self.init(status, "\(error)")
        }
    }

    /// After an interrupt whatever fails has failed because of it; only what nobody knows must be said.
    package init(interrupted error: any Error) {
        guard let error = error as? PostgresError, error.code == .inDoubt else {
            self.init(CancellationError())
            return
        }
        self.init(.interrupted, "interrupted: \(error)", hint: error.hint)
    }

    package func text(usesColor: Bool = false) -> String {
        let (red, bold, plain) = usesColor ? ("\u{1B}[1;31m", "\u{1B}[1m", "\u{1B}[0m") : ("", "", "")
        let sentence = "granary: \(red)error:\(plain) \(message)"
        return hint.map { "\(sentence)\n\(bold)hint:\(plain) \($0)" } ?? sentence
    }

    package var document: JSONDocument {
        .object([
            "error": .object([
                "message": .string(message), "hint": .optional(hint), "sqlstate": .optional(sqlState),
                "code": .integer(Int(status.rawValue)),
            ])
        ])
    }
}
