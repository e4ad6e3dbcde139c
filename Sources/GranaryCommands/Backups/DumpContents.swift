internal import Archive
internal import DumpArchives

/// The content of an archive of pg_dump, as text and as JSON.
struct DumpContents {
    private let archive: DumpArchive
    private let tables: [Table]

    private struct Table {
        var name: String
        /// nil if its rows are not in the dump.
        var storedBytes: Int?
    }

    init(_ archive: DumpArchive) {
        self.archive = archive
        let data = Dictionary(
            archive.dataEntries.filter { !$0.isLargeObjects }.map { ($0.objectOID, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let made = archive.toc.entries.filter { $0.kind == "TABLE" }
        let oids = Set(made.map(\.objectOID))
        let others = data.values.filter { !oids.contains($0.objectOID) }
        tables = (made + others.sorted { $0.id < $1.id }).map { entry in
            Table(
                name: "\(entry.namespace ?? "").\(entry.tag)",
                storedBytes: data[entry.objectOID].map(archive.storedBytes)
            )
        }
    }

    func lines(width: Int?) -> [String] {
        var lines = facts.flatMap { name, value in
            let line = Formatting.harmless(name + String(repeating: " ", count: max(1, 15 - name.utf8.count)) + value)
            return width.map { Formatting.wrapped(line, columns: $0, indentation: 15) } ?? [line]
        }
        if !tables.isEmpty { lines += [""] + Self.table.table(tables, width: width) }
        return lines
    }

    private var toc: DumpTOC { archive.toc }
    private var format: String { archive.kind.rawValue }
    private var version: String { "\(toc.version.major).\(toc.version.minor)" }
    /// A tar is never compressed, even if its header says so.
    private var compression: String { archive.kind == .tar ? "none" : toc.compression.rawValue }
    private var largeObjects: Int { toc.largeObjects.count }
    private var extensions: [String] { toc.entries.filter { $0.kind == "EXTENSION" }.map(\.tag) }

    private var facts: [(String, String)] {
        let objects = toc.entries.count { $0.section == .preData || $0.section == .postData }
        var facts = [
            ("file", archive.name), ("format", "\(format) \(version) of pg_dump, compression \(compression)"),
            ("time", "\(toc.createdAt), in the time zone of the machine that made it"), ("database", toc.database),
            ("server", toc.serverVersion), ("pg_dump", toc.dumpVersion), ("encoding", toc.encoding),
            (
                "holds",
                "\(counted(objects, "object")), rows of \(counted(tables.count { $0.storedBytes != nil }, "table"))"
            ),
            ("size", Formatting.bytes(archive.byteCount)),
        ]
        if largeObjects > 0 { facts.append(("large objects", grouped(largeObjects))) }
        facts.append(("extensions", extensions.isEmpty ? "-" : extensions.joined(separator: ", ")))
        return facts
    }

    static let result = ResultDescription<DumpContents>([
        .init("file", \.archive.name), .init("bytes", \.archive.byteCount), .init("format", \.format),
        .init("format_version", \.version), .init("compression", \.compression), .init("time", \.toc.createdAt),
        .init("database", \.toc.database), .init("server_version", \.toc.serverVersion),
        .init("pg_dump_version", \.toc.dumpVersion), .init("encoding", \.toc.encoding),
        .init("large_objects", \.largeObjects), .init("extensions", \.extensions),
        .init("tables", each: table, \.tables),
    ])

    private static let table = ResultDescription<Table>([
        .init("table", \.name, column: .init("table", mayShrink: true, \.name)),
        .init(
            "stored_bytes",
            \.storedBytes,
            column: .init("stored", isNumber: true) { $0.storedBytes.map(Formatting.bytes) ?? "-" }
        ),
    ])
}
