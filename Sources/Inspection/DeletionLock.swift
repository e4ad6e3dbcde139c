package import Archive
package import Storage

/// Locks a backup against `prune`, and in a bucket with Object Lock against everybody.
package struct DeletionLock: Sendable {
    let stores: ObjectStores
    /// The keys of this installation.
    let sealKeys: [SealKey]

    package init(stores: ObjectStores, sealKeys: [SealKey]) { (self.stores, self.sealKeys) = (stores, sealKeys) }

    /// What was done.
    package struct Outcome: Sendable, Equatable {
        /// The legal hold in the store.
        package var hold: LegalHoldOutcome
        /// The note beside the backup; nil if there was nothing to note.
        package var note: SidecarMark.Outcome?
    }

    /// Sets or ends the lock: the legal hold, where the bucket has Object Lock, and the note in the sidecar.
    ///
    /// - Parameters:
    ///   - entry: The backup as it was read.
    ///   - newKey: Seals a sidecar that is missing. Called only then.
    /// - Throws: `StorageError`; `CancellationError`.
    package func set(
        _ isLocked: Bool,
        _ entry: BackupCatalogue.Entry,
        newKey: () throws -> SealKey?
    ) throws -> Outcome {
        let hold = try stores.setLegalHold(isLocked, of: entry.path)
        guard try isLocked || isNoted(entry) else { return Outcome(hold: hold, note: nil) }
        var note = try mark(isLocked, entry, orMake: nil)
        if note == .missing, let sidecar = try sidecar(entry), let key = try newKey() {
            note = try mark(isLocked, entry, orMake: (sidecar, key))
        }
        return Outcome(hold: hold, note: note)
    }

    /// Whether there is a lock to end, of this or of another installation.
    private func isNoted(_ entry: BackupCatalogue.Entry) throws -> Bool {
        guard let sidecar = try SidecarFile.read(beside: entry.path, in: stores)?.sidecar else { return false }
        return sidecar.locked == true
            && sidecar.isAbout(entry.path, bytes: entry.bytes, contentTag: entry.contentTag)
    }

    private func mark(
        _ isLocked: Bool,
        _ entry: BackupCatalogue.Entry,
        orMake new: (sidecar: Sidecar, key: SealKey)?
    ) throws -> SidecarMark.Outcome {
        try SidecarMark.set(
            entry.path,
            bytes: entry.bytes,
            contentTag: entry.contentTag,
            in: stores,
            sealKeys: sealKeys,
            orMake: new
        ) { $0.locked = isLocked ? true : nil }
    }

    /// Reads all of the file. nil if no key opens the backup.
    private func sidecar(_ entry: BackupCatalogue.Entry) throws -> Sidecar? {
        guard let manifest = entry.manifest else { return nil }
        return Sidecar(
            file: entry.path.split(separator: "/").last.map(String.init) ?? entry.path,
            bytes: entry.bytes,
            sha256: try stores.open(entry.path).sha256(),
            isEncrypted: entry.isEncrypted,
            manifest
        )
    }
}
