internal import Archive
internal import Inspection

/// The backups in a folder, as text and as JSON.
struct CatalogueListing {
    let catalogue: BackupCatalogue

    var isEmpty: Bool { catalogue.entries.isEmpty }

    func lines(width: Int?) -> [String] { Self.entry.table(catalogue.entries, width: width) + [total] }

    private var total: String {
        let bytes = catalogue.entries.map(\.bytes).saturatedSum
        return "\(counted(catalogue.entries.count, "file")), \(Formatting.bytes(bytes))"
    }

    static let result = ResultDescription<CatalogueListing>([
        .init("folder", \.catalogue.folder), .init("backups", each: entry, \.catalogue.entries),
    ])

    static let entry = ResultDescription<BackupCatalogue.Entry>(
        [
            .init("file", \.path, column: .init("file", \.file)),
            .init("bytes", \.bytes, column: .init("size", isNumber: true) { Formatting.bytes($0.bytes) }),
            .init("encrypted", \.isEncrypted),
            .init(
                "whole",
                \.isWhole,
                column: .init("whole") { entry in entry.isWhole.map { $0 ? "yes" : "no" } ?? "?" }
            ),
            .init(
                "problem",
                \.problem,
                column: .init("holds", mayShrink: true, expendable: 6) { entry in
                    entry.summary.map { $0.selection ?? ($0.isWholeDatabase ? "whole database" : "a part") }
                        ?? entry.problem ?? ""
                }
            ),
            .init("certain", \.isCertain),
            .init("verified_at", \.facts?.verifiedAt),
            .init(
                "drilled_at",
                \.facts?.drilledAt,
                column: .init("drilled", expendable: 3) { entry in
                    guard let sidecar = entry.facts, let time = sidecar.drilledAt else { return "" }
                    return "\(time.prefix(10))\(sidecar.drillOK == false ? " failed" : "")"
                }
            ),
            .init("drill_ok", \.facts?.drillOK),
            .init("locked", \.isLocked, column: .init("locked", expendable: 3) { $0.isLocked ? "yes" : "" }),
            .init("locked_until", \.facts?.lockedUntil),
            .init("sha256", \.facts?.sha256),
            .part(backup, \.summary),
        ],
        columns: [
            "file", "time", "environment", "database", "schema version", "rows", "size", "ratio", "holds", "whole",
            "masked", "drilled", "locked",
        ]
    )

    private static let backup = ResultDescription<BackupSummary>([
        .init("created_at", \.createdAt, column: .init("time", expendable: 8, \.createdAt)),
        .init("environment", \.environment, column: .init("environment", expendable: 3) { $0.environment ?? "-" }),
        .init("database", \.database, column: .init("database", mayShrink: true, expendable: 5, \.database)),
        .init("server", \.server), .init("server_version", \.serverVersion), .init("undo_for", \.undoFor),
        .init(
            "schema_version",
            \.schemaVersion,
            column: .init("schema version", mayShrink: true, expendable: 4) { $0.schemaVersion ?? "-" }
        ),
        .init("rows", \.rows, column: .init("rows", isNumber: true, expendable: 7) { grouped($0.rows) }),
        .init(
            "raw_bytes",
            \.rawBytes,
            column: .init("ratio", isNumber: true, expendable: 2) {
                Formatting.ratio(raw: $0.rawBytes, packed: $0.storedBytes) ?? "-"
            }
        ),
        .init("tables", \.tables), .init("chunks", \.chunks),
        .init("whole_database", \.isWholeDatabase), .init("complete", \.isComplete), .init("schemas", \.schemas),
        .init("selected_tables", \.selectedTables),
        // Rows are stored unchanged; a backup with changed rows would say so in its manifest.
        .init("masked", { _ in false }, column: .init("masked", expendable: 1) { _ in "no" }),
    ])
}

extension BackupCatalogue.Entry {
    /// nil if it cannot be read now, and no sidecar that this installation sealed describes it.
    fileprivate var isWhole: Bool? { isCertain ? true : needsKey || isArchived ? nil : false }
}
