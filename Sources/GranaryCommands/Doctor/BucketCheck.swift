internal import Inspection
internal import Storage

/// The checks of the bucket that is the folder of backups, and of uploads that never ended.
struct BucketCheck {
    /// The folder of backups: a path, or an address.
    let backups: String
    let stores: ObjectStores
    /// The age at which a backup aborts uploads of other machines.
    private var age: Int { UploadSettings().abortAfter }

    /// - Throws: `CancellationError`.
    func run() throws -> [Doctor.Check] {
        guard ObjectAddress.isMeant(by: backups) else { return unfinished([]) }
        do {
            let folder = try ObjectAddress(backups).folder
            let found = try stores.bucket(folder.bucket).objects(in: folder.key)
            let count = found.count {
                BackupCatalogue.isNamedAsBackup(ObjectAddress(bucket: folder.bucket, key: $0.key).name)
            }
            let check = Doctor.Check("backups", .good, "\(folder): \(counted(count, "backup"))")
            return [check] + unfinished(try old(in: folder))
        } catch let error as StorageError where error.code == .denied {
            // A host that makes backups needs no other right than to write.
            let detail = "\(backups) cannot be listed with these credentials; a backup does not need to"
            return [Doctor.Check("backups", .note, detail, remedy: error.hint)] + unfinished([])
        } catch let error as StorageError {
            return [Doctor.Check("backups", .problem, error.message, remedy: error.hint)] + unfinished([])
        }
    }

    /// Uploads of other machines. Listing them is a right of its own.
    private func old(in folder: ObjectAddress) throws -> [ObjectAddress] {
        do {
            return try stores.oldUploads(in: folder, olderThan: age, where: BackupFile.isUsualName).map {
                ObjectAddress(bucket: folder.bucket, key: $0.key)
            }
        } catch let error as StorageError where error.code == .denied {
            return []
        }
    }

    /// They take room that is paid for, and no list of objects shows them.
    private func unfinished(_ old: [ObjectAddress]) -> [Doctor.Check] {
        let own = stores.abandonedObjects.map(\.address)
        let all = Set((own + old).map(\.description)).sorted()
        guard !all.isEmpty else { return [] }
        return [
            Doctor.Check(
                "unfinished uploads",
                .note,
                "backups that were killed have left uploads of \(all.listed(atMost: 10))",
                remedy: "the next granary backup to that folder aborts them"
            )
        ]
    }
}
