package import AgeEncryption
package import Archive
package import DumpArchives
package import Storage

/// A file to restore or to verify. Its first bytes tell its format, not its name.
package enum RecognizedFile: Sendable {
    case archive(BackupSource)
    case dump(BackupSource, isPacked: Bool)
    /// An archive of pg_dump, with its name and its bytes, which a folder has not. Opening it reads its table of contents.
    case dumpArchive(String, BackupSource?, @Sendable () throws -> DumpArchive)

    /// - Parameters:
    ///   - path: A file, the address of an object, a pipe, or `-` for standard input; or a folder made by
    ///     `pg_dump --format=directory`.
    ///   - mayBeDamaged: Whether an empty file, or one of unknown format, counts as a damaged archive.
    ///   - keyring: Opens an encrypted file.
    ///   - stores: Where objects are.
    /// - Throws: `RestoreError.format` for a file that is neither an archive nor a plain dump; `AgeError`; `StorageError`;
    ///   `CancellationError` while a pipe is read.
    package init(_ path: String, mayBeDamaged: Bool, keyring: AgeKeyring, stores: ObjectStores = .none) throws {
        if Files.isFolder(path), (try? FileFormat(folder: path)) == .pgDumpFolder {
            self = .dumpArchive(path, nil) { try DumpArchive(folder: path) }
            return
        }
        let source = try BackupSource(try RestoreFile.source(path, stores), keyring)
        switch try FileFormat(source) {
        case .zip: self = .archive(source)
        case .empty where mayBeDamaged, .unknown where mayBeDamaged: self = .archive(source)
        case .pgDumpCustom, .pgDumpTar:
            self = .dumpArchive(source.path, source) { try DumpArchive(source, name: source.path) }
        case .text, .empty: self = .dump(source, isPacked: false)
        case .gzip:
            try RestoreFile.requireText(gzip: source)
            self = .dump(source, isPacked: true)
        case let format: throw RestoreError(source.path, format)
        }
    }
}

/// The file of a restore. It is opened only once, so that the plan, the question and the restore read the same file
/// even if its name is given to another one meanwhile.
package final class RestoreFile: Sendable {
    enum Content: Sendable {
        case archive(RestoreArchive)
        case dump(PlainDump)
    }

    let content: Content

    /// The argument that means standard input.
    package static let standardInput = "-"

    /// - Parameter path: A file, the address of an object, a pipe, or `-`. The content of a pipe is kept until the
    ///   restore ends.
    /// - Throws: `RestoreError.format` for a file that is neither an archive nor a plain dump; `ArchiveError` for an
    ///   archive that cannot be read; `AgeError`; `StorageError`; `CancellationError` while a pipe is read.
    package convenience init(_ path: String, keyring: AgeKeyring = .none, stores: ObjectStores = .none) throws {
        try self.init(RecognizedFile(path, mayBeDamaged: false, keyring: keyring, stores: stores))
    }

    /// - Throws: `ArchiveError` for an archive that cannot be read; `StorageError`.
    package init(_ file: RecognizedFile) throws {
        switch file {
        case .archive(let source): content = .archive(RestoreArchive(try ArchiveReader(source)))
        case .dumpArchive(_, _, let open): content = .archive(try RestoreArchive(try open()))
        case .dump(let source, let isPacked):
            content = .dump(PlainDump(path: source.path, source, isPacked: isPacked))
        }
    }

    /// The manifest of an archive; for one of pg_dump, what its table of contents tells. nil for a plain dump.
    package var manifest: Manifest? {
        guard case .archive(let archive) = content else { return nil }
        return archive.manifest
    }

    /// Whether it is an archive of granary, whose manifest has rows and digests.
    package var isOurs: Bool {
        guard case .archive(let archive) = content else { return false }
        return archive.isOurs
    }

    /// The name of the archived database; nil for a plain dump, which does not name it.
    package var databaseName: String? { manifest?.database.name }

    /// Whether the file is an archive of single schemas or tables.
    package var isPartialArchive: Bool { manifest.map { !$0.scope.isWholeDatabase } ?? false }

    /// What the seal of an archive of granary proves; nil for a dump, which cannot have one.
    ///
    /// - Throws: `ArchiveError` if the file can no longer be read.
    package func sealState(_ keys: [SealKey]) throws -> SealState? {
        guard case .archive(let archive) = content else { return nil }
        return try archive.sealState(keys)
    }

    /// Opens a file, an object, a pipe, or `-`.
    ///
    /// - Throws: `RestoreError.format` for a folder; `StorageError`; `CancellationError` while a pipe is read.
    package static func source(_ path: String, _ stores: ObjectStores = .none) throws -> any StoredFile {
        guard path != standardInput else { return try FileSource.standardInput() }
        guard !Files.isFolder(path) else {
            do {
                throw RestoreError(path, try FileFormat(folder: path))
            } catch let error as SystemError {
                throw StorageError(error, "could not be read")
            }
        }
        return try stores.open(path, takesPipes: true)
    }

    /// Checks the first bytes of a gzip file. Damage is reported later, when the file is read.
    ///
    /// - Throws: `RestoreError.format` if it contains something other than text; `StorageError`.
    fileprivate static func requireText(gzip source: BackupSource) throws {
        let packed = PlainDump(path: source.path, source, isPacked: true)
        var first = [UInt8](repeating: 0, count: FileFormat.prefixBytes)
        var count = 0
        do {
            let read = try DumpFile(packed).text(mayBeCut: true)
            while count < first.count {
                let more = try first.withUnsafeMutableBytes {
                    try read(UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
                }
                guard more > 0 else { break }
                count += more
            }
        } catch is ArchiveError {
            return
        }
        let format = FileFormat(first[..<count])
        guard format != .text, format != .empty else { return }
        throw RestoreError(
            .format,
            "\(packed.path) is a gzip file that holds \(format.name)",
            hint: "unpack it first: gunzip -c \(packed.path) | granary restore -"
        )
    }
}

extension RestoreError {
    /// The error for a file that a restore cannot read.
    package init(_ path: String, _ format: FileFormat) {
        let hint: String? =
            switch format {
            case .zstd: "unpack it: zstd -dc \(path) | granary restore -"
            case .age, .armoredAge: "decrypt it: age --decrypt --identity KEYFILE \(path) | granary restore -"
            case .pgDumpContents: "give the folder that it is in, or the tar file"
            case .other(_, let hint): hint
            default: nil
            }
        self.init(
            .format,
            "\(path) cannot be read as a backup: it is \(format.name)",
            hint: hint ?? "name a file that granary backup or pg_dump wrote"
        )
    }
}
