internal import ArgumentParser
internal import Backup

/// A backup that is whole, and why older ones were not all pruned after it.
struct FinishedBackup {
    var report: BackupReport
    /// nil if pruning was not asked for, or succeeded.
    var unpruned: (any Error)?

    /// Prints the report first, since the backup is there in any case. With `--json` its notes name the failure, so that
    /// there is one document.
    ///
    /// - Throws: The failure; with `--json` its `ExitCode`; `OutputError`.
    mutating func tell(on console: Console) throws {
        let failure = unpruned.map { FailureReport($0) }
        if console.settings.isJSON, let failure { report.notes.append(failure.message) }
        try BackupCommand.tell(report, on: console)
        guard let unpruned, let failure else { return }
        throw console.settings.isJSON ? ExitCode(failure.status.rawValue) : unpruned
    }
}
