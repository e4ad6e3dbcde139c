package import Archive
package import Storage

/// Notes something about a backup in its sidecar, such as that it was verified.
package enum SidecarMark {
    /// Changes the sidecar and seals it again, if this installation has sealed it.
    ///
    /// - Parameters:
    ///   - path: Of the backup.
    ///   - bytes: The size of the backup. A sidecar about another size is left alone.
    /// - Returns: Whether there was such a sidecar.
    /// - Throws: `StorageError`, such as `.denied` for credentials that may only read; `CancellationError`.
    @discardableResult
    package static func set(
        _ path: String,
        bytes: Int,
        in stores: ObjectStores,
        sealKeys: [SealKey],
        _ change: (inout Sidecar) -> Void
    ) throws -> Bool {
        let place = path + Sidecar.ending
        guard let contents = try stores.contents(of: place), var sidecar = Sidecar(contents), sidecar.bytes == bytes,
            sidecar.isSealed(by: sealKeys, contents),
            let key = sealKeys.first(where: { $0.name == sidecar.seal?.key })
        else { return false }
        change(&sidecar)
        try stores.replace(place, try sidecar.contents(sealedBy: key))
        return true
    }
}
