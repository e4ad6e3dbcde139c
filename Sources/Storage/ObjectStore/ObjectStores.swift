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

    /// Whether there is a file or an object.
    ///
    /// - Throws: `StorageError` if the store does not say.
    package func hasFile(_ path: String) throws -> Bool {
        guard ObjectAddress.isMeant(by: path) else { return Files.isFile(path) }
        let address = try ObjectAddress(path)
        return try !address.isFolder && bucket(address.bucket).object(address.key) != nil
    }
}
