internal import Archive
package import Storage

/// Deletes backups, and nothing else.
package enum BackupDeletion {
    /// Deletes backups with their sidecars. One that is not any more what was listed stays; the others are deleted all the
    /// same.
    ///
    /// - Parameter deleted: Called when a backup is gone, before its sidecar is deleted, which may fail.
    /// - Throws: `StorageError`, `.replaced` or `.held` for a backup that stays; `CancellationError`.
    package static func delete(
        _ entries: [BackupCatalogue.Entry],
        in stores: ObjectStores,
        deleted: (BackupCatalogue.Entry) -> Void = { _ in }
    ) throws {
        var stays: StorageError?
        for entry in entries {
            do {
                try Task.checkCancellation()
                try delete(entry, in: stores, deleted)
            } catch let error as StorageError where error.code == .replaced || error.code == .held {
                stays = stays ?? error
            } catch var error as StorageError {
                let hint = error.hint ?? "make the folder writable"
                error.hint = "the files before it were deleted; \(hint), and run this again"
                throw error
            }
        }
        if let stays { throw stays }
    }

    /// The backup first: its sidecar alone means nothing.
    private static func delete(
        _ entry: BackupCatalogue.Entry,
        in stores: ObjectStores,
        _ deleted: (BackupCatalogue.Entry) -> Void
    ) throws {
        try requireDescribed(entry, in: stores)
        let place = entry.path + Sidecar.ending
        // What cannot be read may be a lock.
        let sidecar = try SidecarFile.read(beside: entry.path, in: stores)?.sidecar
        if let sidecar, sidecar.isLocked() {
            throw StorageError(
                .held,
                "\(entry.path) was locked after it was listed, so it was not deleted",
                hint: "run the command again"
            )
        }
        try stores.delete(entry.path, contentTag: entry.contentTag)
        deleted(entry)
        if sidecar != nil { try stores.delete(place) }
    }

    /// If only the sidecar of a file was read, the file itself may be a newer one of the same size. An object has an ETag.
    private static func requireDescribed(_ entry: BackupCatalogue.Entry, in stores: ObjectStores) throws {
        guard case .described = entry.content, !ObjectAddress.isMeant(by: entry.path) else { return }
        // Someone else has deleted it meanwhile.
        guard Files.exists(entry.path) else { return }
        guard try stores.open(entry.path).sha256() != entry.facts?.sha256 else { return }
        throw StorageError(
            .replaced,
            "\(entry.path) is not the file that \(entry.path)\(Sidecar.ending) describes, so it was not deleted",
            hint: "give --identity, so that the backup itself is read, or remove \(entry.path)\(Sidecar.ending)"
        )
    }
}
