internal import AgeEncryption
internal import Archive
internal import Restore
internal import Storage

/// The file of a drill, and what is known before it is read.
struct DrillSubject: Sendable {
    /// nil if it is encrypted and damaged; then `damage` says how.
    let file: RecognizedFile?
    let damage: String?
    /// nil if the file cannot be opened as a backup, and for a folder.
    let source: BackupSource?
    let path: String
    private let bytes: Int
    private let modified: Int

    /// - Throws: `RestoreError.format`, `AgeError` without a usable key, `StorageError`.
    init(_ options: DrillOptions) throws {
        path = options.file
        let properties = try options.stores.properties(of: path)
        (bytes, modified) = (properties?.byteCount ?? 0, properties?.modified ?? 0)
        do {
            let file = try RecognizedFile(path, mayBeDamaged: true, keyring: options.keyring, stores: options.stores)
            (self.file, damage, source) = (file, nil, file.source)
        } catch let error as AgeError where error.isDamage {
            (file, damage, source) = (nil, error.message, nil)
        } catch let error as StorageError where error.code == .damaged {
            (file, damage, source) = (nil, error.message, nil)
        }
    }

    /// The report before the first check.
    func beginning(_ options: DrillOptions) -> DrillReport {
        var report = DrillReport(
            file: path,
            bytes: source?.fileByteCount ?? bytes,
            backedUpAt: UTCTime.extended(modified),
            rpoSeconds: max(0, options.now - modified)
        )
        report.isEncrypted = source?.isEncrypted ?? (damage != nil)
        report.isArchive = file?.isArchive ?? true
        report.contentTag = source?.contentTag
        return report
    }
}

extension RecognizedFile {
    fileprivate var isArchive: Bool { if case .archive = self { true } else { false } }

    /// nil for a folder.
    fileprivate var source: BackupSource? {
        switch self {
        case .archive(let source), .dump(let source, _): source
        case .dumpArchive(_, let source, _): source
        }
    }
}
