package import Storage

/// An open archive: its members and its manifest. Any thread may read it.
package final class ArchiveReader: Sendable {
    package let manifest: Manifest
    let source: any ByteSource
    let directory: ZipDirectory
    private let places: [String: Int]

    /// - Throws: `ArchiveError` if the file is not a whole archive that this version of granary can read.
    package convenience init(_ source: any ByteSource) throws {
        let directory = try ZipDirectory(source)
        guard let entry = directory.entries.last, entry.name == Manifest.member else {
            throw ArchiveError.noManifest
        }
        if let error = directory.misplaced.first { throw error }
        self.init(source, directory, try ManifestFile.read(entry, in: source))
    }

    init(_ source: any ByteSource, _ directory: ZipDirectory, _ manifest: Manifest) {
        self.source = source
        self.directory = directory
        self.manifest = manifest
        places = Dictionary(
            directory.entries.enumerated().map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Whether another program has packed the archive again, such as `zip -r` after `unzip`. Then its SHA-256 sums and its
    /// seal prove nothing; sizes, rows and digests can still be compared with the manifest.
    package var isRepacked: Bool { directory.isRepacked }

    /// Members that the manifest names and the file lacks.
    package var missingMembers: [String] { manifest.memberNames.filter { places[$0] == nil } }

    package var members: [String] { directory.entries.map(\.name) }

    func entry(_ name: String) throws -> ZipEntry {
        guard let place = places[name] else { throw ArchiveError.damaged(name, "it is missing") }
        return directory.entries[place]
    }

    /// The content of a small member, checked.
    ///
    /// - Throws: `ArchiveError.damaged`, also if it is larger than `limit` bytes.
    package func contents(of name: String, limit: Int = 64 << 20) throws -> [UInt8] {
        try MemberReader.contents(of: try entry(name), in: source, limit: limit)
    }
}

/// What the seal of an archive proves.
package enum SealState: Sendable, Equatable {
    case none
    /// The seal is of a key, by its name, that is not among the known ones.
    case unknownKey(String)
    /// The manifest was changed after it was sealed.
    case broken
    /// The manifest is unchanged, but another program has packed the archive again. The manifest's digests of rows still
    /// hold; its SHA-256 sums do not.
    case manifestOnly
    case whole
}

extension ArchiveReader {
    /// Whether one of the keys has sealed the archive in its present form. Never for one that was packed again.
    ///
    /// - Throws: `ArchiveError` if the file can no longer be read.
    package func isSealed(by keys: [SealKey]) throws -> Bool { try sealState(keys) == .whole }

    /// - Throws: `ArchiveError` if the file can no longer be read.
    package func sealState(_ keys: [SealKey]) throws -> SealState {
        guard let seal = manifest.seal else { return .none }
        guard let key = keys.first(where: { $0.name == seal.key }) else { return .unknownKey(seal.key) }
        guard let sealed = SealedBytes(try ManifestFile.contents(of: try entry(Manifest.member), in: source), seal),
            key.made(seal.hmac, of: sealed.with(Manifest.Seal.zeros))
        else { return .broken }
        // The seal covers the members by their SHA-256 sums, which are of other bytes in an archive that was packed again.
        return isRepacked ? .manifestOnly : .whole
    }
}
