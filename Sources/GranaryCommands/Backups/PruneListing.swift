internal import Archive
internal import Inspection

/// The deleted and the kept files, with the reasons.
struct PruneListing {
    /// All files, also those that nothing is decided about.
    let catalogue: BackupCatalogue
    let decisions: [Retention.Decision]
    let isDryRun: Bool

    func lines(width: Int?) -> [String] {
        var table = TableRenderer([
            .init("backup"), .init("time", expendable: 0), .init("size", isNumber: true, expendable: 1),
            .init("decision", mayShrink: true),
        ])
        for decision in decisions {
            let verdict =
                decision.isKept
                ? "kept: \(decision.reasons.map(\.rawValue).joined(separator: ", "))"
                : isDryRun ? "would be deleted" : "deleted"
            table.add([
                decision.entry.file, decision.entry.summary?.createdAt ?? "",
                Formatting.bytes(decision.entry.bytes), verdict,
            ])
        }
        let gone = decisions.filter { !$0.isKept }
        let bytes = gone.map(\.entry.bytes).saturatedSum
        let verb = isDryRun ? "would be deleted" : "deleted"
        let summary = "\(counted(gone.count, "backup")) \(verb), \(Formatting.bytes(bytes))"
        return (decisions.isEmpty ? [] : table.lines(width: width)) + [summary]
    }

    static let result = ResultDescription<PruneListing>([
        .init("dry_run", \.isDryRun), .init("deleted") { $0.paths(kept: false) },
        .init("kept") { $0.paths(kept: true) }, .init("backups", each: decision, \.decisions),
        .init("skipped", each: skip, \.skipped),
    ])

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

    private func paths(kept: Bool) -> [String] { decisions.filter { $0.isKept == kept }.map(\.entry.path) }
}
