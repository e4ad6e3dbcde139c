package import Archive
package import Storage

/// Notes something about a backup in its sidecar, such as that it was verified.
package enum SidecarMark {
    /// What happened to the note.
    package enum Outcome: Sendable, Equatable {
        case written
        /// No sidecar describes the backup, and none was to be made.
        case missing
        /// The sidecar is sealed by a key that this installation does not have.
        case foreign
        /// The file with the name of the sidecar is something else.
        case otherFile
        /// The backup is not what it was when it was read.
        case replaced
    }

    /// Changes the sidecar and seals it again, if this installation has sealed it.
    ///
    /// - Parameters:
    ///   - path: Of the backup.
    ///   - bytes: The size of the backup.
    ///   - contentTag: The content that something is noted about; see `StoredFile`. nil for whatever is there now.
    ///   - sha256: The digest of that content, if it is known.
    ///   - sealKeys: The keys of this installation.
    ///   - new: A description of the backup, and the key that seals it. It takes the place of a sidecar that is missing,
    ///     has no valid seal, or is about another backup that had the name. nil makes none.
    /// - Throws: `StorageError`, such as `.denied` for credentials that may only read; `CancellationError`.
    @discardableResult
    package static func set(
        _ path: String,
        bytes: Int,
        contentTag: String? = nil,
        sha256: String? = nil,
        in stores: ObjectStores,
        sealKeys: [SealKey],
        orMake new: (sidecar: Sidecar, key: SealKey)? = nil,
        _ change: (inout Sidecar) -> Void
    ) throws -> Outcome {
        // Otherwise the note, or the new sidecar, would be about a content that nobody has read.
        let present = try stores.properties(of: path)?.contentTag ?? ""
        guard contentTag ?? present == present else { return .replaced }
        func make(inPlaceOf old: Sidecar? = nil) throws -> Outcome {
            guard let new else { return .missing }
            var sidecar = new.sidecar
            // A lock of another installation counts too.
            if let old, old.isAbout(path, bytes: bytes, contentTag: present) {
                (sidecar.locked, sidecar.lockedUntil) = (old.locked, old.lockedUntil)
            }
            if ObjectAddress.isMeant(by: path) {
                (sidecar.address, sidecar.etag) = (try ObjectAddress(path).description, contentTag)
            }
            change(&sidecar)
            try SidecarFile.write(sidecar, beside: path, sealedBy: new.key, in: stores)
            return .written
        }
        let place = path + Sidecar.ending
        guard let contents = try stores.contents(of: place, limit: Sidecar.bytesMax) else { return try make() }
        guard var found = Sidecar(contents) else { return .otherFile }
        guard let seal = found.seal else { return try make(inPlaceOf: found) }
        guard let key = sealKeys.first(where: { $0.name == seal.key }) else { return .foreign }
        let digest = new?.sidecar.sha256 ?? sha256 ?? found.sha256
        guard found.isSealed(by: [key], contents), found.isAbout(path, bytes: bytes, contentTag: present),
            digest == found.sha256
        else { return try make(inPlaceOf: found) }
        change(&found)
        try SidecarFile.replace(found, beside: path, sealedBy: key, in: stores)
        return .written
    }
}
