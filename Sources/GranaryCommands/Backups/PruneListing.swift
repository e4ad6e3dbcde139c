internal import Archive
internal import Inspection

/// The deleted and the kept files, with the reasons.
struct PruneListing {
    /// All files, also those that nothing is decided about.
    let catalogue: BackupCatalogue
    let decisions: [Retention.Decision]
    let isDryRun: Bool
    /// The paths of the backups that were deleted.
    var deleted: Set<String> = []
    /// Why not all were deleted.
    var failure: FailureReport?

    func lines(width: Int?) -> [String] {
        var table = TableRenderer([
            .init("backup"), .init("time", expendable: 0), .init("size", isNumber: true, expendable: 1),
            .init("decision", mayShrink: true),
        ])
        for decision in decisions {
            let verdict =
                decision.isKept
                ? "kept: \(decision.reasons.map(\.rawValue).joined(separator: ", "))"
                : isDryRun ? "would be deleted" : deleted.contains(decision.entry.path) ? "deleted" : "not deleted"
            table.add([
                decision.entry.file, decision.entry.summary?.createdAt ?? "",
                Formatting.bytes(decision.entry.bytes), verdict,
            ])
        }
        let gone = decisions.filter { !$0.isKept && (isDryRun || deleted.contains($0.entry.path)) }
        let bytes = gone.map(\.entry.bytes).saturatedSum
        let verb = isDryRun ? "would be deleted" : "deleted"
        let summary = "\(counted(gone.count, "backup")) \(verb), \(Formatting.bytes(bytes))"
        return (decisions.isEmpty ? [] : table.lines(width: width)) + [summary]
    }

    static let result = ResultDescription<PruneListing>([
        .init("dry_run", \.isDryRun), .init("deleted") { $0.unkept { $0.isDryRun || $0.deleted.contains($1) } },
        .init("not_deleted") { $0.unkept { !$0.isDryRun && !$0.deleted.contains($1) } },
        .init("kept") { $0.decisions.filter(\.isKept).map(\.entry.path) },
        .init("backups", each: decision, \.decisions), .init("skipped", each: skip, \.skipped),
        .part(failed, \.failure),
    ])

    private static let failed = ResultDescription<FailureReport>([.init("error", FailureReport.result) { $0 }])

    private static let decision = ResultDescription<Retention.Decision>([
        .init("path", \.entry.path), .init("created_at", \.entry.summary?.createdAt), .init("kept", \.isKept),
        .init("reasons") { $0.reasons.map(\.rawValue) },
    ])

    private static let skip = ResultDescription<Skipped>([.init("path", \.path), .init("reason", \.reason)])

    /// A file that is never deleted.
    struct Skipped {
        var path: String
        /// A clause such as `is a symbolic link`.
        var reason: String
    }

    var skipped: [Skipped] {
        catalogue.entries.compactMap { entry in
            entry.whyNeverPruned.map { Skipped(path: entry.path, reason: $0) }
        }
    }

    private func unkept(_ isMeant: (PruneListing, String) -> Bool) -> [String] {
        decisions.filter { !$0.isKept }.map(\.entry.path).filter { isMeant(self, $0) }
    }
}
