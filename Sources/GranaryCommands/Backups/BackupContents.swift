internal import Archive
internal import Inspection

/// The content of one backup, as text and as JSON.
struct BackupContents {
    private let entry: BackupCatalogue.Entry
    private let manifest: Manifest

    /// nil for a file without a manifest.
    init?(_ entry: BackupCatalogue.Entry) {
        guard let manifest = entry.manifest else { return nil }
        self.entry = entry
        self.manifest = manifest
    }

    func lines(width: Int?) -> [String] {
        var lines = facts.flatMap { name, value in
            let line = Formatting.harmless(name + String(repeating: " ", count: max(1, 14 - name.utf8.count)) + value)
            return width.map { Formatting.wrapped(line, columns: $0, indentation: 14) } ?? [line]
        }
        let tables = manifest.tablesOfOthers
        if !tables.isEmpty { lines += [""] + Self.table.table(tables, width: width) }
        return lines
    }

    private var facts: [(String, String)] {
        let tables = "\(counted(manifest.countedTables.count, "table")), \(counted(manifest.countedRows, "row"))"
        let ratio = Formatting.ratio(raw: manifest.rawBytes, packed: manifest.storedBytes).map { ", ratio \($0)" } ?? ""
        var facts = [
            ("file", entry.path), ("time", manifest.createdAt), ("environment", manifest.environment ?? "-"),
            ("database", manifest.database.name), ("server", manifest.server.version),
            ("holds", "\(manifest.scopeText): \(tables), \(counted(manifest.chunkCount, "chunk"))"),
            ("size", "\(Formatting.bytes(entry.bytes)) of \(Formatting.bytes(manifest.rawBytes))\(ratio)"),
            ("masked", "no"), ("encrypted", encryption), ("drilled", drilled),
        ]
        if let objects = manifest.largeObjects {
            facts.append(("large objects", grouped(objects.objects.count)))
        }
        if let distribution = manifest.distribution { facts.append(("Citus", distribution.description)) }
        let extensions = manifest.extensions.map { "\($0.name) \($0.version)" }
        facts.append(("extensions", extensions.isEmpty ? "-" : extensions.joined(separator: ", ")))
        facts.append(("migrations", manifest.schemaVersionText ?? "-"))
        for member in migrationMembers { facts.append(("", member)) }
        if !manifest.redacted.isEmpty { facts.append(("left out", manifest.redacted.joined(separator: ", "))) }
        return facts
    }

    /// `no`, or for whom.
    private var encryption: String {
        guard entry.isEncrypted else { return "no" }
        let recipients = manifest.recipients ?? []
        return recipients.isEmpty ? "with a passphrase" : "for \(recipients.joined(separator: ", "))"
    }

    private var drilled: String {
        guard let sidecar = entry.facts, let time = sidecar.drilledAt else { return "-" }
        return sidecar.drillOK == false ? "\(time), and it found something" : time
    }

    /// The migration files that are stored in the backup.
    private var migrationMembers: [String] {
        manifest.files.map(\.member).filter { $0.hasPrefix("migrations/") && $0.hasSuffix(".up.sql") }
    }

    static let result = ResultDescription<BackupContents>([
        .init("backup", CatalogueListing.entry, \.entry), .init("extensions", each: installed, \.manifest.extensions),
        .init("migrations", each: version, \.manifest.schemaVersions), .init("migration_files", \.migrationMembers),
        .init("distribution", { $0.manifest.distribution?.description }),
        .init("recipients", { $0.manifest.recipients ?? [] }), .init("tables", each: table, \.manifest.tablesOfOthers),
    ])

    private static let installed = ResultDescription<Manifest.Extension>([
        .init("name", \.name), .init("version", \.version), .init("schema", \.schema),
    ])

    private static let version = ResultDescription<Manifest.SchemaVersion>([
        .init("table", \.table), .init("service", \.service), .init("version", \.version), .init("dirty", \.dirty),
    ])

    private static let table = ResultDescription<Manifest.Table>([
        .init("table", \.title, column: .init("table", mayShrink: true, \.title)),
        .init("rows", \.rows, column: .init("rows", isNumber: true) { grouped($0.rows) }),
        .init("raw_bytes", \.rawBytes, column: .init("size", isNumber: true) { Formatting.bytes($0.rawBytes) }),
        .init(
            "stored_bytes",
            \.storedBytes,
            column: .init("stored", isNumber: true, expendable: 2) { Formatting.bytes($0.storedBytes) }
        ),
        .init(
            "chunks",
            \.chunks.count,
            column: .init("chunks", isNumber: true, expendable: 1) { grouped($0.chunks.count) }
        ),
        .init(
            "data_left_out",
            \.dataLeftOut,
            column: .init("remark") { $0.dataLeftOut ? "rows left out" : $0.kind == .partitioned ? "partitioned" : "" }
        ),
    ])
}

extension Manifest.Table {
    fileprivate var title: String { "\(schema).\(name)" }
    /// The size of the rows in the archive.
    fileprivate var storedBytes: Int { chunks.reduce(0) { $0 + $1.storedBytes } }
}
