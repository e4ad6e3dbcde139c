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
        package var content: Content
        package var isEncrypted = false
        /// The name is a link to a file elsewhere, or to another file of the folder.
        package var isLink = false
        /// It is encrypted, and no key at hand opens it. So it is unknown whether it is complete.
        package var needsKey = false
        /// The store must restore it before it can be read. So it is unknown whether it is complete.
        package var isArchived = false
        /// The file beside it, if it is about this backup. Anyone may have written it.
        package var sidecar: Sidecar?
        /// Whether the file beside it is a sidecar of another backup, or of an earlier content.
        package var hasStrangeSidecar = false
        /// Why the file beside it could not be read; nil if it could, or is missing. It may note a lock.
        package var sidecarProblem: String?
        /// Whether this installation sealed the sidecar.
        package var isSidecarOurs = false
        /// The content that was looked at; see `StoredFile`. Empty if it was not.
        package var contentTag = ""
        /// When the file was written, in seconds since 1970; nil if the store does not say it.
        package var modified: Int?

        /// The sidecar, if this installation sealed it.
        package var facts: Sidecar? { isSidecarOurs ? sidecar : nil }

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

        /// Whether its sidecar forbids to delete it. A sidecar of another installation counts too.
        package var isLocked: Bool { isLocked(at: UTCTime.now) }

        /// - Parameter now: Seconds since 1970.
        func isLocked(at now: Int) -> Bool { sidecar?.isLocked(at: now) ?? false }

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
    /// - Throws: `StorageError`, for a bucket also if one of its objects cannot be examined: then it is unknown what is
    ///   there. `InspectionError.file` if the folder cannot be read. A missing folder counts as empty.
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
        return sorted(try names.map { try entry($0, in: folder, reading) }, in: folder)
    }

    /// Whether a file with this name is taken for a backup.
    package static func isNamedAsBackup(_ name: String) -> Bool {
        [".zip", ".zip.age"].contains { name.hasSuffix($0) } && !name.hasPrefix(".")
    }

    fileprivate struct Reading: Sendable {
        var keyring: AgeKeyring
        var stores: ObjectStores
        var sealKeys: [SealKey]

        /// What lies beside a backup as its sidecar.
        struct Found {
            var sidecar: Sidecar
            /// Whether this installation sealed it.
            var isOurs: Bool
        }

        /// Reads the file beside a backup, or notes why it cannot be read.
        ///
        /// - Throws: As `read(folder:)` for a bucket.
        func sidecar(beside entry: inout Entry) throws -> Found? {
            do {
                guard let (sidecar, contents) = try SidecarFile.read(beside: entry.path, in: stores) else { return nil }
                return Found(sidecar: sidecar, isOurs: sidecar.isSealed(by: sealKeys, contents))
            } catch {
                if ObjectAddress.isMeant(by: entry.path), BackupCatalogue.leavesUnknown(error) { throw error }
                entry.sidecarProblem = "\(error)"
                return nil
            }
        }
    }

    /// Whether an error tells nothing about the object: the network, the store or the credentials failed, or a person
    /// interrupted the command. Otherwise a good backup would count as damaged.
    private static func leavesUnknown(_ error: any Error) -> Bool {
        if error is CancellationError { return true }
        switch (error as? StorageError)?.code {
        case .unreachable, .noCredentials, .denied, .store, .replaced, .address, .insecure: return true
        default: return false
        }
    }

    /// A request takes a while, so several are sent at the same time.
    private static let requestsAtOnce = 8

    private static func read(objectsIn folder: String, _ reading: Reading) async throws -> BackupCatalogue {
        let address = try ObjectAddress(folder).folder
        let objects = try reading.stores.bucket(address.bucket).objects(in: address.key)
        let sidecars = Set(objects.filter { $0.byteCount <= Sidecar.bytesMax }.map(\.key))
        let backups = WorkQueue(
            objects.filter { isNamedAsBackup(ObjectAddress(bucket: address.bucket, key: $0.key).name) }
        )
        let entries = try await withThrowingTaskGroup(of: [Entry].self) { group in
            for _ in 0..<min(requestsAtOnce, backups.count) {
                group.addTask {
                    try await onOwnThread(named: "granary-list") {
                        var entries: [Entry] = []
                        while let object = backups.next() {
                            do {
                                let hasSidecar = sidecars.contains(object.key + Sidecar.ending)
                                entries.append(try entry(object, in: address.bucket, hasSidecar: hasSidecar, reading))
                            } catch {
                                // The others would wait for the same store.
                                while backups.next() != nil {}
                                throw error
                            }
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
        _ object: Bucket.Object,
        in bucket: String,
        hasSidecar: Bool,
        _ reading: Reading
    ) throws -> Entry {
        let place = ObjectAddress(bucket: bucket, key: object.key)
        var listed = Entry(file: place.name, path: place.description, bytes: object.byteCount, content: .unreadable(""))
        (listed.contentTag, listed.modified) = (object.contentTag, object.modified)
        let found = hasSidecar ? try reading.sidecar(beside: &listed) : nil
        listed.add(found)
        if let facts = listed.facts {
            (listed.content, listed.isEncrypted) = (.described(isOurs: true), facts.isEncrypted)
            return listed
        }
        var entry = try read(path: listed.path, file: place.name, reading)
        entry.modified = entry.modified ?? listed.modified
        entry.sidecarProblem = listed.sidecarProblem
        entry.add(found)
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

    private static func entry(_ name: String, in folder: String, _ reading: Reading) throws -> Entry {
        let path = Files.joined(folder, name)
        var entry = try read(path: path, file: name, reading)
        entry.isLink = Files.isLink(path)
        entry.add(try reading.sidecar(beside: &entry))
        return entry
    }

    /// Reads one file, and the sidecar beside it.
    ///
    /// - Parameter sealKeys: The keys of this installation.
    /// - Throws: As `read(folder:)` for an object.
    package static func read(
        path: String,
        keyring: AgeKeyring,
        stores: ObjectStores = .none,
        sealKeys: [SealKey] = []
    ) throws -> Entry {
        let reading = Reading(keyring: keyring, stores: stores, sealKeys: sealKeys)
        var entry = try read(path: path, file: path, reading)
        entry.add(try reading.sidecar(beside: &entry))
        return entry
    }

    private static func read(path: String, file: String, _ reading: Reading) throws -> Entry {
        var entry = Entry(file: file, path: path, bytes: 0, content: .unreadable(""))
        if !ObjectAddress.isMeant(by: path) { entry.modified = Files.modified(path) }
        do {
            let opened = try reading.stores.open(path)
            (entry.bytes, entry.contentTag, entry.modified) = (opened.byteCount, opened.contentTag, opened.modified)
            entry.isEncrypted = try BackupSource.isEncrypted(opened)
            entry.content = .backup(try ArchiveReader(try BackupSource(opened, reading.keyring)).manifest)
        } catch {
            if ObjectAddress.isMeant(by: path), leavesUnknown(error) { throw error }
            let code = (error as? AgeError)?.code
            entry.needsKey = code == .needsKey || code == .noMatch
            entry.isArchived = (error as? StorageError)?.code == .archived
            let failure = error as? any GranaryError
            entry.content = .unreadable(failure?.place?.file == path ? failure?.message ?? "" : "\(error)")
        }
        return entry
    }
}

extension BackupCatalogue.Entry {
    /// Adds what a sidecar tells, if it is about this content: all, if the backup itself cannot be read.
    fileprivate mutating func add(_ found: BackupCatalogue.Reading.Found?) {
        guard let found else { return }
        guard found.sidecar.isAbout(path, bytes: bytes, contentTag: contentTag),
            manifest.map({ $0.createdAt == found.sidecar.backup.createdAt }) ?? true
        else {
            hasStrangeSidecar = true
            return
        }
        (sidecar, isSidecarOurs) = (found.sidecar, found.isOurs)
        guard needsKey && found.sidecar.isEncrypted || isArchived else { return }
        (content, isEncrypted) = (.described(isOurs: found.isOurs), found.sidecar.isEncrypted)
    }
}
