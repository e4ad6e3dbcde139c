internal import FoundationEssentials
internal import Glibc

/// The uploads that runs on this machine have begun: a file for each, which is removed when the upload ends.
///
/// The process that uploads holds the lock of its file, so the file of a process that was killed can be recognized.
struct UploadJournal: Sendable {
    private struct Record: Codable {
        var server: String
        var bucket: String
        var key: String
        var upload: String
    }

    /// nil if the environment names no folder.
    private let folder: String?
    private static let ending = ".upload"

    init(_ settings: StoreSettings) {
        folder = StateFolder.path(settings).map { "\($0)/uploads" }
    }

    /// A file of the journal, locked by this process.
    final class Entry: Sendable {
        private let path: String
        private let descriptor: CInt

        fileprivate init(_ path: String, _ descriptor: CInt) { (self.path, self.descriptor) = (path, descriptor) }
        deinit { close(descriptor) }

        /// The upload has ended.
        func remove() { unlink(path) }
    }

    /// Notes an upload.
    ///
    /// - Returns: nil if no file can be written; that is no reason to refuse a backup.
    func begin(_ key: String, _ upload: String, in bucket: Bucket) -> Entry? {
        let record = Record(server: bucket.storeIdentity, bucket: bucket.name, key: key, upload: upload)
        guard let folder, (try? Files.makeFolders(folder, mode: 0o700)) != nil,
            let bytes = try? JSONEncoder().encode(record)
        else { return nil }
        let path = "\(folder)/\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        let entry = Entry(path + Self.ending, descriptor)
        // It gets its name when it is locked and complete.
        guard FileLock.take(descriptor) == .held,
            bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count,
            rename(path, path + Self.ending) == 0
        else {
            unlink(path)
            return nil
        }
        return entry
    }

    /// The uploads to this bucket that runs on this machine have left behind.
    func abandoned(in bucket: Bucket) -> [(key: String, upload: String, entry: Entry)] {
        abandoned.filter { $0.record.server == bucket.storeIdentity && $0.record.bucket == bucket.name }
            .map { ($0.record.key, $0.record.upload, $0.entry) }
    }

    /// The objects whose uploads runs on this machine have left behind, in any store.
    var abandonedObjects: [(server: String, address: ObjectAddress)] {
        abandoned.map { ($0.record.server, ObjectAddress(bucket: $0.record.bucket, key: $0.record.key)) }
    }

    /// The uploads to this bucket of runs on this machine that go on.
    func running(in bucket: Bucket) -> Set<String> {
        Set(
            known.filter {
                $0.entry == nil && $0.record.server == bucket.storeIdentity && $0.record.bucket == bucket.name
            }.map(\.record.upload)
        )
    }

    private var abandoned: [(record: Record, entry: Entry)] {
        known.compactMap { known in known.entry.map { (known.record, $0) } }
    }

    /// Everything in the journal; without an entry if the process that uploads goes on.
    private var known: [(record: Record, entry: Entry?)] {
        guard let folder else { return [] }
        return ((try? Files.names(in: folder)) ?? []).filter { $0.hasSuffix(Self.ending) }.compactMap { name in
            let path = Files.joined(folder, name)
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { return nil }
            let entry = Entry(path, descriptor)
            let lock = FileLock.take(descriptor)
            guard lock != .unsupported, let bytes = try? Files.bytes(of: path),
                let record = try? JSONDecoder().decode(Record.self, from: Data(bytes))
            else { return nil }
            return (record, lock == .held ? entry : nil)
        }
    }
}
