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
    /// Equal for backups with the same selection.
    package var selectionDigest: String

    /// - Parameter withNames: Whether it may name schemas and tables.
    package init(_ manifest: Manifest, withNames: Bool = true) {
        (createdAt, environment, database) = (manifest.createdAt, manifest.environment, manifest.database.name)
        (serverVersion, schemaVersion) = (manifest.server.version, manifest.schemaVersionText)
        (rows, rawBytes, storedBytes) = (manifest.countedRows, manifest.rawBytes, manifest.storedBytes)
        (tables, chunks) = (manifest.countedTables.count, manifest.chunkCount)
        isWholeDatabase = manifest.scope.isWholeDatabase
        selectionDigest = Self.digest(of: manifest.scope)
        guard withNames else { return }
        (selection, schemas, selectedTables) = (manifest.scopeText, manifest.scope.schemas, manifest.scope.tables)
    }

    private static func digest(of scope: Manifest.Scope) -> String {
        let parts = [scope.schemas, scope.tables, scope.excluded?.schemas ?? [], scope.excluded?.tables ?? []]
        let text = parts.map { $0.sorted().joined(separator: "\u{0}") }.joined(separator: "\u{1}")
        return SHA256.text(of: Array(text.utf8))
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

    /// The requested content: `whole database`, or the schemas and tables, and what was excluded from them.
    package var scopeText: String {
        let asked = scope.isWholeDatabase ? "whole database" : (scope.schemas + scope.tables).joined(separator: ", ")
        guard let excluded = scope.excluded else { return asked }
        return "\(asked) without \((excluded.schemas + excluded.tables).listed())"
    }
}
