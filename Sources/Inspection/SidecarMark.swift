package import Archive
package import Storage

/// Notes something about a backup in its sidecar, such as that it was verified.
package enum SidecarMark {
    /// Changes the sidecar and seals it again, if this installation has sealed it.
    ///
    /// - Parameters:
    ///   - path: Of the backup.
    ///   - bytes: The size of the backup.
    ///   - contentTag: The content that something is noted about; see `StoredFile`. nil for whatever is there now.
    ///   - sha256: The digest of that content, if it is known.
    /// - Returns: Whether there was a sidecar of this content.
    /// - Throws: `StorageError`, such as `.denied` for credentials that may only read; `CancellationError`.
    @discardableResult
    package static func set(
        _ path: String,
        bytes: Int,
        contentTag: String? = nil,
        sha256: String? = nil,
        in stores: ObjectStores,
        sealKeys: [SealKey],
        _ change: (inout Sidecar) -> Void
    ) throws -> Bool {
        // The file may have been replaced since it was read, and its sidecar, too.
        guard let present = try stores.properties(of: path), contentTag ?? present.contentTag == present.contentTag,
            let contents = try stores.contents(of: path + Sidecar.ending, limit: Sidecar.bytesMax),
            var sidecar = Sidecar(contents), sidecar.isAbout(path, bytes: bytes, contentTag: present.contentTag),
            sha256 ?? sidecar.sha256 == sidecar.sha256, sidecar.isSealed(by: sealKeys, contents),
            let key = sealKeys.first(where: { $0.name == sidecar.seal?.key })
        else { return false }
        change(&sidecar)
        try SidecarFile.replace(sidecar, beside: path, sealedBy: key, in: stores)
        return true
    }
}
