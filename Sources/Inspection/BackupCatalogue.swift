package import AgeEncryption
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
        package var isEncrypted = false
        /// It is encrypted, and no key at hand opens it. So it is unknown whether it is complete.
        package var isLocked = false
        /// The name is a link to a file elsewhere, or to another file of the folder.
        package var isLink = false
        /// Its last drill, if one was recorded beside it.
        package var drill: DrillRecord?

        /// nil if it could not be read.
        package var manifest: Manifest? {
            if case .backup(let manifest) = content { return manifest }
            return nil
        }

        /// Why it could not be read; nil if it could.
        package var problem: String? {
            if case .unreadable(let problem) = content { return problem }
            return nil
        }
    }

    package enum Content: Sendable {
        /// Whether directory and manifest are undamaged. Only `verify` reads the rest.
        case backup(Manifest)
        /// The beginning of a ZIP file, or a damaged one. It may be a backup, and must not be deleted.
        case unreadable(String)
    }

    /// Reads the manifests of all files named `.zip` or `.zip.age`.
    ///
    /// - Parameters:
    ///   - keyring: Opens encrypted files. Those that it cannot open count as unreadable.
    ///   - keys: Records of drills that do not fit their seal by one of these are ignored.
    /// - Throws: `InspectionError.file` if the folder cannot be read. A missing folder counts as empty.
    package static func read(folder: String, keyring: AgeKeyring, keys: [SealKey] = []) throws -> BackupCatalogue {
        let names: [String]
        do {
            names = try Files.names(in: folder).filter { name in
                [".zip", ".zip.age"].contains { name.hasSuffix($0) } && !name.hasPrefix(".")
            }
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
        let entries = names.map { entry($0, in: folder, keyring, keys) }
        return BackupCatalogue(
            folder: folder,
            entries: entries.sorted {
                ($1.manifest?.createdAt ?? "", $0.file) < ($0.manifest?.createdAt ?? "", $1.file)
            }
        )
    }

    private static func entry(
        _ name: String,
        in folder: String,
        _ keyring: AgeKeyring,
        _ keys: [SealKey]
    ) -> Entry {
        let path = Files.joined(folder, name)
        var entry = read(path: path, file: name, keyring: keyring, keys: keys)
        entry.isLink = Files.isLink(path)
        return entry
    }

    /// One file.
    package static func read(path: String, file: String, keyring: AgeKeyring, keys: [SealKey] = []) -> Entry {
        var entry = Entry(file: file, path: path, bytes: 0, content: .unreadable(""))
        do {
            let opened = try FileSource(path: path)
            entry.bytes = opened.byteCount
            entry.drill = DrillRecord.read(beside: path, bytes: entry.bytes, keys: keys)
            entry.isEncrypted = try BackupSource.isEncrypted(opened)
            entry.content = .backup(try ArchiveReader(try BackupSource(opened, keyring)).manifest)
        } catch {
            let code = (error as? AgeError)?.code
            entry.isLocked = code == .needsKey || code == .noMatch
            let failure = error as? any GranaryError
            entry.content = .unreadable(failure?.place?.file == path ? failure?.message ?? "" : "\(error)")
        }
        return entry
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
