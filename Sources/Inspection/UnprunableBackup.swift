internal import Archive
internal import Storage

extension BackupCatalogue.Entry {
    /// Why `prune` never deletes it and never counts it, as a clause such as `is a symbolic link`; nil if it may.
    package var whyNeverPruned: String? {
        if let obstacle { return obstacle }
        return summary.flatMap { UTCTime.parse(extended: $0.createdAt) } == nil ? "has no valid time" : nil
    }

    /// The same, but for the time.
    var obstacle: String? {
        // It may lead to a file that is deleted.
        if isLink { return "is a symbolic link" }
        switch content {
        case .unreadable(let problem):
            let flaw = needsKey || isArchived ? "cannot be opened" : "is not a complete backup"
            return "\(flaw) (\(problem))"
        // Someone who may only write could otherwise have backups deleted.
        case .described(isOurs: false): return "is known only from a description that another installation made"
        case .described, .backup: break
        }
        if let sidecarProblem { return "has a description that cannot be read (\(sidecarProblem))" }
        if hasStrangeSidecar { return "has a description that is about another file: \(file)\(Sidecar.ending)" }
        if summary?.isConverted == true { return "was converted from a dump, so its time is not that of its rows" }
        if isEncrypted, sidecar == nil { return "is encrypted and has no description beside it" }
        return nil
    }
}
