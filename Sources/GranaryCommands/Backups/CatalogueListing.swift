internal import Archive
package import Inspection

/// A folder of backups for people and for programs.
package struct CatalogueListing: Sendable {
    private let catalogue: BackupCatalogue

    package init(_ catalogue: BackupCatalogue) { self.catalogue = catalogue }

    package var isEmpty: Bool { catalogue.entries.isEmpty }

    package func lines(width: Int?) -> [String] {
        var table = TableRenderer([
            .init("file"), .init("time", expendable: 8), .init("environment", expendable: 3),
            .init("database", mayShrink: true, expendable: 5), .init("schema version", mayShrink: true, expendable: 4),
            .init("rows", isNumber: true, expendable: 7), .init("size", isNumber: true),
            .init("ratio", isNumber: true, expendable: 2), .init("holds", mayShrink: true, expendable: 6),
            .init("whole"), .init("masked", expendable: 1),
        ])
        for entry in catalogue.entries {
            guard let manifest = entry.manifest else {
                table.add([
                    entry.file, "", "", "", "", "", Formatting.bytes(entry.bytes), "", problem(entry), "no", "",
                ])
                continue
            }
            table.add([
                entry.file, manifest.createdAt, manifest.environment ?? "-", manifest.database.name,
                manifest.schemaVersionText ?? "-", grouped(manifest.rows), Formatting.bytes(entry.bytes),
                Formatting.ratio(raw: manifest.rawBytes, packed: manifest.storedBytes) ?? "-", manifest.scopeText,
                "yes", "no",
            ])
        }
        return table.lines(width: width) + [total]
    }

    private func problem(_ entry: BackupCatalogue.Entry) -> String {
        if case .unreadable(let problem) = entry.content { return problem }
        return ""
    }

    private var total: String {
        let bytes = catalogue.entries.reduce(0) { $0 + $1.bytes }
        return "\(counted(catalogue.entries.count, "file")), \(Formatting.bytes(bytes))"
    }

    package var document: JSONDocument {
        .object(["folder": .string(catalogue.folder), "backups": .array(catalogue.entries.map(Self.document))])
    }

    static func document(_ entry: BackupCatalogue.Entry) -> JSONDocument {
        guard let manifest = entry.manifest else {
            var problem: String?
            if case .unreadable(let text) = entry.content { problem = text }
            return .object([
                "file": .string(entry.path), "bytes": .integer(entry.bytes), "whole": false,
                "problem": .optional(problem),
            ])
        }
        return .object([
            "file": .string(entry.path), "bytes": .integer(entry.bytes), "whole": true, "problem": nil,
            "created_at": .string(manifest.createdAt), "environment": .optional(manifest.environment),
            "database": .string(manifest.database.name), "server_version": .string(manifest.server.version),
            "schema_version": .optional(manifest.schemaVersionText), "rows": .integer(manifest.rows),
            "raw_bytes": .integer(manifest.rawBytes), "tables": .integer(manifest.tables.count),
            "chunks": .integer(manifest.chunkCount), "whole_database": .bool(manifest.scope.isWholeDatabase),
            "schemas": .strings(manifest.scope.schemas), "selected_tables": .strings(manifest.scope.tables),
            // Rows are stored as they were; a backup that changes them would say so in its manifest.
            "masked": false,
        ])
    }
}

extension Manifest {
    /// The rows' bytes in the archive.
    var storedBytes: Int {
        (tables.flatMap(\.chunks) + (largeObjects?.chunks ?? [])).reduce(0) { $0 + $1.storedBytes }
    }
}

/// What was deleted, what stays and why.
package struct PruneListing: Sendable {
    private let decisions: [Retention.Decision]
    private let isDryRun: Bool

    package init(_ decisions: [Retention.Decision], isDryRun: Bool) {
        self.decisions = decisions
        self.isDryRun = isDryRun
    }

    package func lines(width: Int?) -> [String] {
        var table = TableRenderer([
            .init("backup"), .init("time", expendable: 0), .init("size", isNumber: true, expendable: 1),
            .init("decision", mayShrink: true),
        ])
        for decision in decisions {
            let verdict =
                decision.isKept
                ? "keep: \(decision.reasons.joined(separator: ", "))" : isDryRun ? "would be deleted" : "deleted"
            table.add([
                decision.entry.file, decision.entry.manifest?.createdAt ?? "",
                Formatting.bytes(decision.entry.bytes), verdict,
            ])
        }
        let gone = decisions.filter { !$0.isKept }
        let bytes = gone.reduce(0) { $0 + $1.entry.bytes }
        let verb = isDryRun ? "would be deleted" : "deleted"
        let summary = "\(counted(gone.count, "backup")) \(verb), \(Formatting.bytes(bytes))"
        return (decisions.isEmpty ? [] : table.lines(width: width)) + [summary]
    }

    package var document: JSONDocument {
        func paths(_ kept: Bool) -> JSONDocument {
            .strings(decisions.filter { $0.isKept == kept }.map(\.entry.path))
        }
        return .object(["dry_run": .bool(isDryRun), "deleted": paths(false), "kept": paths(true)])
    }
}
