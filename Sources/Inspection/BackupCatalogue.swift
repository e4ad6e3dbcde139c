package import AgeEncryption
package import Archive
internal import Glibc
package import Storage

/// The backups in a folder, as their manifests describe them.
package struct BackupCatalogue: Sendable {
    package var folder: String
    /// Complete backups, the newest first, and then incomplete ones.
    package var entries: [Entry]

    package struct Entry: Sendable {
        package var file: String
        package var path: String
        package var bytes: Int
        /// When the file was written, in seconds since 1970.
        package var modified = 0
        package var content: Content
        package var isEncrypted = false
        /// The name is a link to a file elsewhere, or to another file of the folder.
        package var isLink = false
        /// It is encrypted, and no key at hand opens it. So it is unknown whether it is complete.
        package var needsKey = false
        /// The file beside it, if it is about this backup.
        package var sidecar: Sidecar?

        /// nil if it was not read.
        package var manifest: Manifest? {
            if case .backup(let manifest) = content { return manifest }
            return nil
        }

        /// Why it could not be read; nil if it could.
        package var problem: String? {
            if case .unreadable(let problem) = content { return problem }
            return nil
        }

        /// nil if nothing is known.
        package var summary: BackupSummary? {
            switch content {
            case .backup(let manifest): BackupSummary(manifest)
            case .described: sidecar?.backup
            case .unreadable: nil
            }
        }

        /// Whether the store refuses to delete it, as its sidecar says.
        package var isLocked: Bool {
            sidecar?.lockedUntil.flatMap(UTCTime.parse(extended:)).map { $0 > UTCTime.now } ?? false
        }

        /// Whether what is known comes from the backup, or from a sidecar that this installation sealed.
        package var isCertain: Bool {
            switch content {
            case .backup: true
            case .described(let isOurs): isOurs
            case .unreadable: false
            }
        }
    }

    package enum Content: Sendable {
        /// Whether directory and manifest are undamaged. Only `verify` reads the rest.
        case backup(Manifest)
        /// Only its sidecar was read. Someone else may have written that.
        case described(isOurs: Bool)
        /// The beginning of a ZIP file, or a damaged one. It may be a backup, and must not be deleted.
        case unreadable(String)
    }

    /// Reads what is known of all files named `.zip` or `.zip.age`: their manifests. In a bucket, the sidecars that this
    /// installation sealed are enough.
    ///
    /// - Parameters:
    ///   - folder: A folder, or the address of one in a bucket.
    ///   - keyring: Opens encrypted files. Of those that it cannot open, the sidecar tells something, or nothing.
    ///   - sealKeys: The keys of this installation.
    /// - Throws: `StorageError`; `InspectionError.file` if the folder cannot be read. A missing folder counts as empty.
    ///   `CancellationError`.
    package static func read(
        folder: String,
        keyring: AgeKeyring,
        stores: ObjectStores = .none,
        sealKeys: [SealKey] = []
    ) async throws -> BackupCatalogue {
        let reading = Reading(keyring: keyring, stores: stores, sealKeys: sealKeys)
        if ObjectAddress.isMeant(by: folder) { return try await read(objectsIn: folder, reading) }
        let names: [String]
        do {
            names = try Files.names(in: folder).filter(isNamedAsBackup)
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
        return sorted(names.map { entry($0, in: folder, reading) }, in: folder)
    }

    /// Whether a file with this name is taken for a backup.
    package static func isNamedAsBackup(_ name: String) -> Bool {
        [".zip", ".zip.age"].contains { name.hasSuffix($0) } && !name.hasPrefix(".")
    }

    private struct Reading: Sendable {
        var keyring: AgeKeyring
        var stores: ObjectStores
        var sealKeys: [SealKey]

        /// The sidecar of a backup, and whether this installation sealed it; nil if it is about another file.
        func sidecar(of path: String, bytes: Int) -> (sidecar: Sidecar, isOurs: Bool)? {
            guard let contents = try? stores.contents(of: path + Sidecar.ending), let found = Sidecar(contents),
                found.describes(path, bytes: bytes)
            else { return nil }
            return (found, found.isSealed(by: sealKeys, contents))
        }
    }

    /// A request takes a while, so several are sent at the same time.
    private static let requestsAtOnce = 8

    private static func read(objectsIn folder: String, _ reading: Reading) async throws -> BackupCatalogue {
        let address = try ObjectAddress(folder).folder
        let objects = try reading.stores.bucket(address.bucket).objects(in: address.key)
        let keys = Set(objects.map(\.key))
        let backups = WorkQueue(
            objects.filter { isNamedAsBackup(ObjectAddress(bucket: address.bucket, key: $0.key).name) }
        )
        let entries = try await withThrowingTaskGroup(of: [Entry].self) { group in
            for _ in 0..<min(requestsAtOnce, backups.count) {
                group.addTask {
                    try await onOwnThread(named: "granary-list") {
                        var entries: [Entry] = []
                        while let object = backups.next() {
                            let place = ObjectAddress(bucket: address.bucket, key: object.key)
                            let hasSidecar = keys.contains(object.key + Sidecar.ending)
                            entries.append(entry(of: place, object, hasSidecar: hasSidecar, reading))
                        }
                        return entries
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        // Entries whose requests were interrupted look like damaged ones.
        try Task.checkCancellation()
        return sorted(entries, in: folder)
    }

    private static func entry(
        of place: ObjectAddress,
        _ object: Bucket.Object,
        hasSidecar: Bool,
        _ reading: Reading
    ) -> Entry {
        let path = place.description
        let known = hasSidecar ? reading.sidecar(of: path, bytes: object.byteCount) : nil
        let modified = object.modified ?? 0
        if let known, known.isOurs {
            return Entry(
                file: place.name,
                path: path,
                bytes: object.byteCount,
                modified: modified,
                content: .described(isOurs: true),
                isEncrypted: known.sidecar.isEncrypted,
                sidecar: known.sidecar
            )
        }
        var entry = read(path: path, file: place.name, keyring: reading.keyring, stores: reading.stores)
        entry.modified = modified
        return completed(entry, known?.sidecar, isOurs: false)
    }

    /// Adds what a sidecar tells: all, if only a key is missing to read the backup itself.
    private static func completed(_ entry: Entry, _ sidecar: Sidecar?, isOurs: Bool) -> Entry {
        guard let sidecar else { return entry }
        var entry = entry
        entry.sidecar = sidecar
        if entry.needsKey, sidecar.isEncrypted { entry.content = .described(isOurs: isOurs) }
        return entry
    }

    private static func sorted(_ entries: [Entry], in folder: String) -> BackupCatalogue {
        BackupCatalogue(
            folder: folder,
            entries: entries.sorted {
                ($1.summary?.createdAt ?? "", $0.file) < ($0.summary?.createdAt ?? "", $1.file)
            }
        )
    }

    private static func entry(_ name: String, in folder: String, _ reading: Reading) -> Entry {
        let path = Files.joined(folder, name)
        var entry = read(path: path, file: name, keyring: reading.keyring)
        entry.isLink = Files.isLink(path)
        let known = reading.sidecar(of: path, bytes: entry.bytes)
        return completed(entry, known?.sidecar, isOurs: known?.isOurs ?? false)
    }

    /// Reads one file, and the sidecar beside it.
    package static func read(path: String, keyring: AgeKeyring, stores: ObjectStores = .none) -> Entry {
        var entry = read(path: path, file: path, keyring: keyring, stores: stores)
        entry.sidecar =
            Reading(keyring: keyring, stores: stores, sealKeys: [])
            .sidecar(of: path, bytes: entry.bytes)?.sidecar
        return entry
    }

    private static func read(path: String, file: String, keyring: AgeKeyring, stores: ObjectStores = .none) -> Entry {
        var entry = Entry(file: file, path: path, bytes: 0, modified: Files.modified(path), content: .unreadable(""))
        do {
            let opened = try stores.open(path)
            entry.bytes = opened.byteCount
            entry.isEncrypted = try BackupSource.isEncrypted(opened)
            entry.content = .backup(try ArchiveReader(try BackupSource(opened, keyring)).manifest)
        } catch {
            let code = (error as? AgeError)?.code
            entry.needsKey = code == .needsKey || code == .noMatch
            let failure = error as? any GranaryError
            entry.content = .unreadable(failure?.place?.file == path ? failure?.message ?? "" : "\(error)")
        }
        return entry
    }
}
