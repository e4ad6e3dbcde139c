internal import Cryptography

/// What a list of backups tells about one, without its manifest.
package struct BackupSummary: Codable, Sendable, Equatable {
    package var createdAt: String
    package var environment: String?
    package var database: String
    package var serverVersion: String
    package var schemaVersion: String?
    package var rows: Int
    package var rawBytes: Int
    package var storedBytes: Int
    package var tables: Int
    package var chunks: Int
    package var isWholeDatabase: Bool
    /// The selection in words and by names; nil if names must not be known outside of the backup.
    package var selection: String?
    package var schemas: [String]?
    package var selectedTables: [String]?
    /// Equal for backups with the same selection: that of the options, or in archives of older versions that of the tables
    /// which they matched. Tables without their rows are a part of the selection.
    package var selectionDigest: String
    /// Equal for databases on the same server: its `systemIdentifier`, else what else is known of the database's home.
    /// nil in sidecars of older versions.
    package var server: String?
    /// Whether it is the whole database and nothing was left out, neither objects nor rows. nil in sidecars of older
    /// versions.
    package var isComplete: Bool?
    /// See `Manifest.undoFor`.
    package var undoFor: String?
    /// See `Manifest.isConverted`.
    package var isConverted: Bool?

    /// - Parameter withNames: Whether it may name schemas and tables.
    package init(_ manifest: Manifest, withNames: Bool = true) {
        (createdAt, environment, database) = (manifest.createdAt, manifest.environment, manifest.database.name)
        (serverVersion, schemaVersion) = (manifest.server.version, manifest.schemaVersionText)
        (rows, rawBytes, storedBytes) = (manifest.countedRows, manifest.rawBytes, manifest.storedBytes)
        (tables, chunks) = (manifest.countedTables.count, manifest.chunkCount)
        isWholeDatabase = manifest.scope.isWholeDatabase
        let emptied = manifest.tablesOfOthers.filter(\.dataLeftOut).map { "\($0.schema)\u{0}\($0.name)" }
        selectionDigest = Self.digest(of: manifest.scope, emptied: emptied)
        isComplete = isWholeDatabase && manifest.scope.excluded == nil && emptied.isEmpty
        (server, undoFor, isConverted) = (Self.server(manifest), manifest.undoFor, manifest.isConverted)
        guard withNames else { return }
        (selection, schemas, selectedTables) = (manifest.scopeText, manifest.scope.schemas, manifest.scope.tables)
    }

    /// - Parameter emptied: Tables whose rows were left out.
    private static func digest(of scope: Manifest.Scope, emptied: [String]) -> String {
        var (parts, emptied) = (
            [scope.schemas, scope.tables, scope.excluded?.schemas ?? [], scope.excluded?.tables ?? []], emptied
        )
        if let asked = scope.requested {
            parts = [asked.schemas, asked.tables, asked.excludedSchemas, asked.excludedTables]
            emptied = asked.tablesWithoutData
        }
        // Without such tables the digest is that of older versions.
        let text = (parts + (emptied.isEmpty ? [] : [emptied]))
            .map { $0.sorted().joined(separator: "\u{0}") }.joined(separator: "\u{1}")
        return SHA256.text(of: Array(text.utf8))
    }

    /// Without the server's number for itself, only differences can be known: two databases with the same name and these
    /// properties may be on one server or on two.
    private static func server(_ manifest: Manifest) -> String {
        if let identifier = manifest.server.systemIdentifier { return identifier }
        let database = manifest.database
        let parts = [
            String(manifest.server.versionNumber / 10_000), database.owner, database.encoding, database.collate,
            database.ctype, database.localeProvider, database.locale ?? "",
        ]
        return "?" + SHA256.text(of: Array(parts.joined(separator: "\u{0}").utf8)).prefix(16)
    }
}

extension BackupSummary {
    /// Whether it holds the whole database with all rows. Of one that only a sidecar of an older version describes, it is not
    /// known whether rows were left out.
    package var holdsEverything: Bool { isComplete ?? isWholeDatabase }

    /// What it holds, if that is not everything: `only shop.orders`, `whole database without the rows of audit.events`.
    package var limits: String? {
        guard !holdsEverything else { return nil }
        return isWholeDatabase
            ? selection ?? "whole database without some tables or rows" : "only \(selection ?? "a part")"
    }
}

extension Manifest {
    /// The size of the rows as COPY text.
    package var rawBytes: Int { (tables.map(\.rawBytes) + [largeObjects?.rawBytes ?? 0]).saturatedSum }
    /// The size of the rows in the archive.
    package var storedBytes: Int {
        (tables.flatMap(\.chunks) + (largeObjects?.chunks ?? [])).map(\.storedBytes).saturatedSum
    }
    package var chunkCount: Int { tables.reduce(largeObjects?.chunks.count ?? 0) { $0 + $1.chunks.count } }

    /// The newest version in a migrator's table, for each service: `000007`, or `users 000007, orders 000003`.
    package var schemaVersionText: String? {
        guard !schemaVersions.isEmpty else { return nil }
        guard schemaVersions.count > 1 else { return Self.text(schemaVersions[0]) }
        return schemaVersions.map { version in
            let name = version.service ?? version.table
            return "\(name) \(Self.text(version))"
        }.joined(separator: ", ")
    }

    private static func text(_ version: SchemaVersion) -> String {
        version.dirty ? "\(version.version) (dirty)" : version.version
    }

    /// The requested content: `whole database`, or the schemas and tables, and what was left out of them.
    package var scopeText: String {
        let asked = scope.isWholeDatabase ? "whole database" : (scope.schemas + scope.tables).joined(separator: ", ")
        let rows = leftOutRows.map { "the rows of \($0)" }
        let gone = (leftOutObjects + [rows].compactMap(\.self)).listed()
        return gone.isEmpty ? asked : "\(asked) without \(gone)"
    }

    private var leftOutObjects: [String] {
        if let asked = scope.requested { return asked.excludedSchemas + asked.excludedTables }
        return (scope.excluded?.schemas ?? []) + (scope.excluded?.tables ?? [])
    }

    /// The tables whose rows were left out, as they were named; those that cannot be read on a standby were not.
    private var leftOutRows: String? {
        let emptied = tablesOfOthers.filter(\.dataLeftOut).map { "\($0.schema).\($0.name)" }
        guard !emptied.isEmpty else { return nil }
        let asked = scope.requested?.tablesWithoutData ?? []
        return asked.isEmpty ? emptied.listed(atMost: 3) : asked.listed()
    }
}
