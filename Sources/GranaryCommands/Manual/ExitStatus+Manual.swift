extension ExitStatus {
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
        case .refused: "Refused by a guard, a rule or a user."
        case .noConnection: "No connection, or no database was given."
        case .busy: "Busy: another runner, or a lock that was held for too long. Try again."
        case .usage: "Wrong arguments."
        case .interrupted: "Interrupted; unfinished work was undone."
        }
    }
}
