extension ObjectStores {
    /// Aborts uploads that earlier runs left behind in a folder: those that this machine's journal names, and those of
    /// others that are old.
    ///
    /// - Parameters:
    ///   - isOurs: Whether an object of that name would be a backup.
    ///   - age: The age from which uploads of others are aborted, in seconds since their newest part.
    /// - Returns: The addresses.
    /// - Throws: `CancellationError`; `StorageError.address`, `.insecure`. A store that refuses is no reason to fail.
    package func abortStaleUploads(
        in folder: ObjectAddress,
        olderThan age: Int,
        where isOurs: (_ name: String) -> Bool
    ) throws -> [ObjectAddress] {
        let bucket = try bucket(folder.bucket)
        var aborted = try abortAbandoned(in: bucket)
        do {
            for upload in try oldUploads(in: folder, olderThan: age, where: isOurs) {
                let wasThere = try bucket.abortUpload(upload.key, upload.id)
                if wasThere { aborted.append(bucket.address(upload.key)) }
            }
        } catch let error as StorageError {
            settings.log("unfinished uploads: \(error)")
        }
        return aborted
    }

    private func abortAbandoned(in bucket: Bucket) throws -> [ObjectAddress] {
        try UploadJournal(settings).abandoned(in: bucket).compactMap { key, upload, entry in
            do {
                let wasThere = try bucket.abortUpload(key, upload)
                entry.remove()
                return wasThere ? bucket.address(key) : nil
            } catch let error as StorageError {
                settings.log("an upload that was left behind: \(error)")
                return nil
            }
        }
    }

    /// The uploads of backups directly in a folder to which nothing was added for long, except those of runs on this
    /// machine that go on. They take room that is paid for.
    ///
    /// - Throws: See `Bucket`; `.denied` if the credentials may not list uploads and their parts.
    package func oldUploads(
        in folder: ObjectAddress,
        olderThan age: Int,
        where isOurs: (_ name: String) -> Bool
    ) throws -> [Bucket.Upload] {
        let bucket = try bucket(folder.bucket)
        let uploads = try bucket.uploads(prefix: folder.key)
        let running = UploadJournal(settings).running(in: bucket)
        // The clock of the store counts, which the answer has told if it differs.
        let limit = bucket.client.now - age
        return try uploads.filter { upload in
            guard let begun = upload.begun, begun < limit, !running.contains(upload.id) else { return false }
            let address = bucket.address(upload.key)
            guard address.parent == folder, isOurs(address.name) else { return false }
            // A large backup may take longer, and its parts show that it goes on.
            return try bucket.newestPart(of: upload).map { $0 < limit } ?? true
        }
    }

    /// The objects whose uploads were left behind by runs on this machine that were killed, in any store.
    package var abandonedObjects: [(server: String, address: ObjectAddress)] {
        UploadJournal(settings).abandonedObjects
    }
}
