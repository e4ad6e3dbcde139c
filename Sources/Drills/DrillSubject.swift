internal import AgeEncryption
internal import Archive
internal import Glibc
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
            backedUpAt: DrillTime.text(modified),
            rpoSeconds: max(0, options.now - modified)
        )
        report.isEncrypted = source?.isEncrypted ?? (damage != nil)
        return report
    }
}

extension RecognizedFile {
    /// nil for an archive of pg_dump, whose table of contents must be read first.
    fileprivate var source: BackupSource? {
        switch self {
        case .archive(let source), .dump(let source, _): source
        case .dumpArchive: nil
        }
    }
}

/// Times as RFC 3339 in UTC.
enum DrillTime {
    static func text(_ secondsSince1970: Int) -> String {
        var seconds = time_t(secondsSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Seconds since 1970; nil for another form, such as one without a time zone.
    static func seconds(_ text: String) -> Int? {
        guard let match = text.wholeMatch(of: #/(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z/#) else { return nil }
        let numbers = [match.1, match.2, match.3, match.4, match.5, match.6].compactMap { CInt($0) }
        guard numbers.count == 6 else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
        return timegm(&parts)
    }
}
