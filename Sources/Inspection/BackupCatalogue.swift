package import Archive
internal import Glibc
internal import Storage

/// The backups in a folder, as their manifests describe them.
package struct BackupCatalogue: Sendable {
    package var folder: String
    /// Complete backups, the newest first, and then incomplete ones.
    package var entries: [Entry]

    package struct Entry: Sendable {
        package var file: String
        package var path: String
        package var bytes: Int
        package var content: Content
        /// The name is a link to a file elsewhere, or to another file of the folder.
        package var isLink = false

        /// nil if it could not be read.
        package var manifest: Manifest? {
            if case .backup(let manifest) = content { return manifest }
            return nil
        }
    }

    package enum Content: Sendable {
        /// Whether directory and manifest are undamaged. Only `verify` reads the rest.
        case backup(Manifest)
        /// The beginning of a ZIP file, or a damaged one. It may be a backup, and must not be deleted.
        case unreadable(String)
    }

    /// Reads the manifests of all files named `.zip`.
    ///
    /// - Throws: `InspectionError.file` if the folder cannot be read. A missing folder counts as empty.
    package static func read(folder: String) throws -> BackupCatalogue {
        let names: [String]
        do {
            names = try Files.names(in: folder).filter { $0.hasSuffix(".zip") && !$0.hasPrefix(".") }
        } catch {
            guard error.number == ENOENT else {
                throw InspectionError(
                    .file,
                    "the folder \(folder) cannot be read: \(error)",
                    hint: "--backups names the folder of backups"
                )
            }
            names = []
        }
        let entries = names.map { entry($0, in: folder) }
        return BackupCatalogue(
            folder: folder,
            entries: entries.sorted {
                ($1.manifest?.createdAt ?? "", $0.file) < ($0.manifest?.createdAt ?? "", $1.file)
            }
        )
    }

    private static func entry(_ name: String, in folder: String) -> Entry {
        let path = Files.joined(folder, name)
        var entry = read(path: path, file: name)
        entry.isLink = Files.isLink(path)
        return entry
    }

    /// One file.
    package static func read(path: String, file: String) -> Entry {
        var bytes = 0
        do {
            let source = try FileSource(path: path)
            bytes = source.byteCount
            let manifest = try ArchiveReader(source).manifest
            return Entry(file: file, path: path, bytes: bytes, content: .backup(manifest))
        } catch {
            return Entry(file: file, path: path, bytes: bytes, content: .unreadable("\(error)"))
        }
    }
}

extension Manifest {
    package var rawBytes: Int { tables.reduce(largeObjects?.rawBytes ?? 0) { $0 + $1.rawBytes } }
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
