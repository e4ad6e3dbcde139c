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
    }

    /// Changes the sidecar and seals it again, if this installation has sealed it.
    ///
    /// - Parameters:
    ///   - path: Of the backup.
    ///   - bytes: The size of the backup.
    ///   - sealKeys: The keys of this installation.
    ///   - new: A description of the backup, and the key that seals it. It takes the place of a sidecar that is missing,
    ///     has no valid seal, or is about another backup that had the name. nil makes none.
    /// - Throws: `StorageError`, such as `.denied` for credentials that may only read; `CancellationError`.
    @discardableResult
    package static func set(
        _ path: String,
        bytes: Int,
        in stores: ObjectStores,
        sealKeys: [SealKey],
        orMake new: (sidecar: Sidecar, key: SealKey)? = nil,
        _ change: (inout Sidecar) -> Void
    ) throws -> Outcome {
        let place = path + Sidecar.ending
        func write(_ sidecar: Sidecar, _ key: SealKey) throws -> Outcome {
            var sidecar = sidecar
            change(&sidecar)
            try stores.replace(place, try sidecar.contents(sealedBy: key))
            return .written
        }
        func make() throws -> Outcome { try new.map { try write($0.sidecar, $0.key) } ?? .missing }
        guard let contents = try stores.contents(of: place) else { return try make() }
        guard let found = Sidecar(contents) else { return .otherFile }
        guard let seal = found.seal else { return try make() }
        guard let key = sealKeys.first(where: { $0.name == seal.key }) else { return .foreign }
        guard found.isSealed(by: [key], contents), found.describes(path, bytes: bytes),
            new.map({ $0.sidecar.sha256 == found.sha256 }) ?? true
        else { return try make() }
        return try write(found, key)
    }
}

extension Sidecar {
    /// Whether it is about the backup of this name and size, and not about one that had the name before.
    func describes(_ path: String, bytes: Int) -> Bool {
        self.bytes == bytes && file == path.split(separator: "/").last.map(String.init)
    }
}
