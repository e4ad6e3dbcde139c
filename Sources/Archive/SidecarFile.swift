package import Storage

/// The sidecar as a file or an object.
package enum SidecarFile {
    /// Reads the sidecar of a backup; nil if there is none, or another file has its name.
    ///
    /// - Throws: `StorageError`; `CancellationError`. Then the sidecar, if there is one, is unknown.
    package static func read(
        beside path: String,
        in stores: ObjectStores
    ) throws -> (sidecar: Sidecar, contents: [UInt8])? {
        do {
            guard let contents = try stores.contents(of: path + Sidecar.ending, limit: Sidecar.bytesMax) else {
                return nil
            }
            return Sidecar(contents).map { ($0, contents) }
        } catch let error as StorageError where error.code == .tooLarge {
            return nil
        }
    }

    /// Writes the sidecar of a backup. An earlier sidecar is replaced; any other file is not.
    ///
    /// - Parameters:
    ///   - path: Of the backup.
    ///   - key: Seals it.
    /// - Throws: `StorageError.exists` if another file has the name, or one that cannot be read; others of `StorageError`;
    ///   `CancellationError`.
    package static func write(
        _ sidecar: Sidecar,
        beside path: String,
        sealedBy key: SealKey?,
        in stores: ObjectStores
    ) throws {
        let place = path + Sidecar.ending
        if try hasSidecar(place, stores) { return try replace(sidecar, beside: path, sealedBy: key, in: stores) }
        try stores.create(place, try sidecar.contents(sealedBy: key), settings(sidecar))
    }

    /// Replaces a sidecar that was read.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    package static func replace(
        _ sidecar: Sidecar,
        beside path: String,
        sealedBy key: SealKey?,
        in stores: ObjectStores
    ) throws {
        try stores.replace(path + Sidecar.ending, try sidecar.contents(sealedBy: key), settings(sidecar))
    }

    private static func settings(_ sidecar: Sidecar) -> UploadSettings {
        var settings = UploadSettings()
        (settings.serverSideEncryption, settings.kmsKey) = (sidecar.serverSideEncryption, sidecar.kmsKey)
        return settings
    }

    /// What cannot be read may be anything.
    private static func hasSidecar(_ place: String, _ stores: ObjectStores) throws -> Bool {
        do {
            return try stores.contents(of: place, limit: Sidecar.bytesMax).flatMap { Sidecar($0) } != nil
        } catch is StorageError {
            return false
        }
    }
}
