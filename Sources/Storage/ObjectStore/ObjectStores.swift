internal import Glibc
internal import Synchronization

/// The object stores of a run. Buckets are opened at first use.
package final class ObjectStores: Sendable {
    package let settings: StoreSettings
    private let buckets = Mutex<[String: Bucket]>([:])

    package init(_ settings: StoreSettings) { self.settings = settings }

    /// Only Amazon's usual server, and no variables.
    package static let none = ObjectStores(StoreSettings(variables: [:]))

    /// - Throws: `StorageError.address`, `.insecure`.
    package func bucket(_ name: String) throws -> Bucket {
        try buckets.withLock { buckets in
            if let known = buckets[name] { return known }
            let bucket = try Bucket(name, settings)
            buckets[name] = bucket
            return bucket
        }
    }

    /// Opens a file, or the object at an address that begins with `s3://`.
    ///
    /// - Parameter takesPipes: Also accept a pipe; see `FileSource`.
    /// - Throws: `StorageError`; `CancellationError`.
    package func open(_ path: String, takesPipes: Bool = false) throws -> any StoredFile {
        guard ObjectAddress.isMeant(by: path) else { return try FileSource(path: path, takesPipes: takesPipes) }
        let address = try ObjectAddress(path)
        return try ObjectSource(address, in: try bucket(address.bucket))
    }

    /// A file or an object that gets its name when it is complete.
    ///
    /// - Parameters:
    ///   - overwrite: Replace an existing one in the end. Otherwise it is an error, now or at the commit.
    ///   - wake: A descriptor that becomes readable when writers must stop waiting for the store; -1 for none.
    /// - Throws: `StorageError`; `CancellationError`.
    package func sink(
        _ path: String,
        overwrite: Bool,
        _ settings: UploadSettings,
        wake: CInt
    ) throws -> any NamedSink {
        guard ObjectAddress.isMeant(by: path) else { return try FileSink(path: path, overwrite: overwrite) }
        return try ObjectSink(ObjectAddress(path), in: self, overwrite: overwrite, settings, wake: wake)
    }

    /// A new file or object: the first of `stem.ending`, `stem-2.ending` and so on that is free, or an object
    /// `stem-NUMBER.ending` with a random number.
    ///
    /// - Parameter wake: See `sink`.
    /// - Throws: `StorageError`; `CancellationError`.
    package func newSink(
        stem: String,
        ending: String,
        _ settings: UploadSettings,
        wake: CInt
    ) throws -> any NamedSink {
        guard ObjectAddress.isMeant(by: stem) else { return try FileSink.firstFree(stem: stem, ending: ending) }
        return try ObjectSink.new(stem: ObjectAddress(stem), ending: ending, in: self, settings, wake: wake)
    }

    /// Replaces a small file or object, which only its owner may read.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    package func replace(_ path: String, _ bytes: [UInt8], _ settings: UploadSettings = UploadSettings()) throws {
        if ObjectAddress.isMeant(by: path) {
            let address = try ObjectAddress(path)
            return try bucket(address.bucket).replace(address.key, bytes, headers: settings.headersBeside)
        }
        do {
            try Files.replace(path, bytes, mode: 0o600)
        } catch {
            throw StorageError(error, "could not be written")
        }
    }

    /// Writes a small file or object that must not exist, and that only its owner may read.
    ///
    /// - Throws: `StorageError.exists`; others of `StorageError`; `CancellationError`.
    package func create(_ path: String, _ bytes: [UInt8], _ settings: UploadSettings = UploadSettings()) throws {
        if ObjectAddress.isMeant(by: path) {
            let address = try ObjectAddress(path)
            return try bucket(address.bucket).create(address.key, bytes, settings)
        }
        do {
            try Files.create(path, bytes, mode: 0o600)
        } catch {
            throw error.number == EEXIST ? StorageError.taken(path) : StorageError(error, "could not be written")
        }
    }

    /// The content of a small file or object; nil if it does not exist.
    ///
    /// - Parameter limit: The largest size in bytes.
    /// - Throws: `StorageError`, `.tooLarge` above the limit; `CancellationError`.
    package func contents(of path: String, limit: Int = .max) throws -> [UInt8]? {
        let bytes: [UInt8]?
        if ObjectAddress.isMeant(by: path) {
            let address = try ObjectAddress(path)
            bytes = try bucket(address.bucket).contents(of: address.key)
        } else if Files.size(path) > limit {
            throw StorageError.tooLarge(path)
        } else {
            do {
                bytes = try Files.bytes(of: path, onlyRegular: true)
            } catch {
                if error.isMissing { return nil }
                throw StorageError(error, "could not be read")
            }
        }
        guard bytes.map({ $0.count <= limit }) ?? true else { throw StorageError.tooLarge(path) }
        return bytes
    }

    /// Deletes a file or an object. One that does not exist counts as deleted.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    package func delete(_ path: String) throws {
        if ObjectAddress.isMeant(by: path) {
            let address = try ObjectAddress(path)
            return try bucket(address.bucket).delete(address.key)
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw StorageError.system(path, "could not be deleted") }
    }

    /// Deletes a file or an object if it still has this content. One that does not exist counts as deleted.
    ///
    /// - Parameter contentTag: See `StoredFile`.
    /// - Throws: `StorageError.replaced` if it has another content; `.held` if the store holds it; others of `StorageError`;
    ///   `CancellationError`.
    package func delete(_ path: String, contentTag: String) throws {
        if ObjectAddress.isMeant(by: path) {
            let address = try ObjectAddress(path)
            return try bucket(address.bucket).delete(address.key, contentTag: contentTag)
        }
        guard let present = Files.contentTag(path) else { return }
        guard present == contentTag else { throw StorageError.replacedMeanwhile(path) }
        try delete(path)
    }

    /// The size in bytes, and when the content was written, in seconds since 1970.
    ///
    /// - Returns: nil if there is no such file, folder or object.
    /// - Throws: `StorageError`; `CancellationError`.
    package func properties(of path: String) throws -> (byteCount: Int, modified: Int?, contentTag: String)? {
        guard ObjectAddress.isMeant(by: path) else {
            return Files.contentTag(path).map { (Files.size(path), Files.modified(path), $0) }
        }
        let address = try ObjectAddress(path)
        return try bucket(address.bucket).object(address.key).map { ($0.byteCount, $0.modified, $0.contentTag) }
    }

    /// Checks that a name is free, or may be taken.
    ///
    /// - Throws: `StorageError.exists`; see `Bucket`.
    package func requireFree(_ path: String, overwrite: Bool) throws {
        guard ObjectAddress.isMeant(by: path) else { return try FileSink.requireFree(path, overwrite: overwrite) }
        guard !overwrite, try hasFile(path) else { return }
        throw StorageError.taken(path)
    }

    /// Whether there is a file or an object.
    ///
    /// - Throws: `StorageError` if the store does not say.
    package func hasFile(_ path: String) throws -> Bool {
        guard ObjectAddress.isMeant(by: path) else { return Files.isFile(path) }
        let address = try ObjectAddress(path)
        return try !address.isFolder && bucket(address.bucket).object(address.key) != nil
    }
}
