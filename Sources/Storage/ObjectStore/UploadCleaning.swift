extension ObjectStores {
    /// Aborts uploads that earlier runs left behind in a folder: those that this machine's journal names, and those of
    /// others that are old.
    ///
    /// - Parameters:
    ///   - isOurs: Whether an object of that name would be a backup.
    ///   - age: The age from which uploads of others are aborted, in seconds.
    /// - Returns: The addresses.
    /// - Throws: `CancellationError`; `StorageError.address`, `.insecure`. A store that refuses is no reason to fail.
    package func abortStaleUploads(
        in folder: ObjectAddress,
        olderThan age: Int,
        where isOurs: (_ name: String) -> Bool
    ) throws -> [ObjectAddress] {
        let bucket = try bucket(folder.bucket)
        var aborted = abortAbandoned(in: bucket)
        do {
            let limit = UTCTime.now - age
            for upload in try bucket.uploads(prefix: folder.key) {
                let address = bucket.address(upload.key)
                guard let begun = upload.begun, begun < limit, isOurs(address.name) else { continue }
                try bucket.abortUpload(upload.key, upload.id)
                aborted.append(address)
            }
        } catch let error as StorageError {
            settings.log("unfinished uploads: \(error)")
        }
        return aborted
    }

    private func abortAbandoned(in bucket: Bucket) -> [ObjectAddress] {
        UploadJournal(settings).abandoned(in: bucket).compactMap { key, upload, entry in
            do {
                try bucket.abortUpload(key, upload)
            } catch {
                settings.log("an upload that was left behind: \(error)")
                return nil
            }
            entry.remove()
            return bucket.address(key)
        }
    }
}
