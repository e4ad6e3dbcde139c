internal import ArgumentParser
internal import Backup

/// A backup that is whole, and why older ones were not all pruned after it.
struct FinishedBackup {
    var report: BackupReport
    /// nil if pruning was not asked for, or succeeded.
    var unpruned: (any Error)?

    /// Prints the report first, since the backup is there in any case. The failure is one of the document's notes, because
    /// a second document must not follow.
    ///
    /// - Throws: `ExitCode` of the failure, after it was reported; `OutputError`.
    func tell(on console: Console) throws {
        let failure = unpruned.map { FailureReport($0, isInterrupted: Task.isCancelled) }
        try BackupCommand.tell(report, failure: failure, on: console)
        guard let failure else { return }
        console.withoutDocument.report(failure)
        throw ExitCode(failure.status.rawValue)
    }
}
