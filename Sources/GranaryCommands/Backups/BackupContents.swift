internal import Archive
package import Inspection

/// What one backup holds, for people and for programs.
package struct BackupContents: Sendable {
    private let entry: BackupCatalogue.Entry
    private let manifest: Manifest

    /// nil for a file without a manifest.
    package init?(_ entry: BackupCatalogue.Entry) {
        guard let manifest = entry.manifest else { return nil }
        self.entry = entry
        self.manifest = manifest
    }

    package func lines(width: Int?) -> [String] {
        var lines = facts.flatMap { name, value in
            let line = Formatting.harmless(name + String(repeating: " ", count: max(1, 14 - name.utf8.count)) + value)
            return width.map { Formatting.wrapped(line, columns: $0, indentation: 14) } ?? [line]
        }
        var table = TableRenderer([
            .init("table", mayShrink: true), .init("rows", isNumber: true), .init("size", isNumber: true),
            .init("stored", isNumber: true, expendable: 2), .init("chunks", isNumber: true, expendable: 1),
            .init("remark"),
        ])
        for row in manifest.tables {
            let stored = row.chunks.reduce(0) { $0 + $1.storedBytes }
            table.add([
                "\(row.schema).\(row.name)", grouped(row.rows), Formatting.bytes(row.rawBytes),
                Formatting.bytes(stored), grouped(row.chunks.count),
                row.dataLeftOut ? "rows left out" : row.kind == .partitioned ? "partitioned" : "",
            ])
        }
        if !manifest.tables.isEmpty { lines += [""] + table.lines(width: width) }
        return lines
    }

    private var facts: [(String, String)] {
        let tables = "\(counted(manifest.tables.count, "table")), \(counted(manifest.rows, "row"))"
        let ratio = Formatting.ratio(raw: manifest.rawBytes, packed: manifest.storedBytes).map { ", ratio \($0)" } ?? ""
        var facts = [
            ("file", entry.path), ("time", manifest.createdAt), ("environment", manifest.environment ?? "-"),
            ("database", manifest.database.name), ("server", manifest.server.version),
            ("holds", "\(manifest.scopeText): \(tables), \(counted(manifest.chunkCount, "chunk"))"),
            ("size", "\(Formatting.bytes(entry.bytes)) of \(Formatting.bytes(manifest.rawBytes))\(ratio)"),
            ("masked", "no"),
        ]
        if let objects = manifest.largeObjects {
            facts.append(("large objects", grouped(objects.objects.count)))
        }
        let extensions = manifest.extensions.map { "\($0.name) \($0.version)" }
        facts.append(("extensions", extensions.isEmpty ? "-" : extensions.joined(separator: ", ")))
        facts.append(("migrations", manifest.schemaVersionText ?? "-"))
        for member in migrationMembers { facts.append(("", member)) }
        if !manifest.redacted.isEmpty { facts.append(("left out", manifest.redacted.joined(separator: ", "))) }
        return facts
    }

    /// The migration files that were put beside the rows.
    private var migrationMembers: [String] {
        manifest.files.map(\.member).filter { $0.hasPrefix("migrations/") && $0.hasSuffix(".up.sql") }
    }

    package var document: JSONDocument {
        .object([
            "backup": CatalogueListing.document(entry),
            "extensions": .array(
                manifest.extensions.map {
                    .object([
                        "name": .string($0.name), "version": .string($0.version), "schema": .string($0.schema),
                    ])
                }
            ),
            "migrations": .array(
                manifest.schemaVersions.map {
                    .object([
                        "table": .string($0.table), "service": .optional($0.service), "version": .string($0.version),
                        "dirty": .bool($0.dirty),
                    ])
                }
            ),
            "migration_files": .strings(migrationMembers),
            "tables": .array(
                manifest.tables.map { table in
                    .object([
                        "table": .string("\(table.schema).\(table.name)"), "rows": .integer(table.rows),
                        "raw_bytes": .integer(table.rawBytes),
                        "stored_bytes": .integer(table.chunks.reduce(0) { $0 + $1.storedBytes }),
                        "chunks": .integer(table.chunks.count), "data_left_out": .bool(table.dataLeftOut),
                    ])
                }
            ),
        ])
    }
}
