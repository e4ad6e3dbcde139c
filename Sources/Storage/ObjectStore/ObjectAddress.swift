// Backups in an object store that speaks the protocol of Amazon S3.
//
//     object     a file in a bucket, under a key, which may contain slashes
//     address    s3://bucket/key; with a slash at its end it is a folder: all keys with that beginning
//     part       a piece of an object that is uploaded in several requests
//     upload     the parts of one object, under an id, until they become the object or are aborted
//     ETag       the store's name for the present content of an object

/// `s3://bucket/key`.
package struct ObjectAddress: Sendable, Equatable, CustomStringConvertible {
    package var bucket: String
    /// Empty for the whole bucket.
    package var key: String

    static let scheme = "s3://"
    private static let keyBytesMax = 1024

    /// Whether a path is meant as an address of an object.
    package static func isMeant(by path: String) -> Bool { path.lowercased().hasPrefix(scheme) }

    package init(bucket: String, key: String) { (self.bucket, self.key) = (bucket, key) }

    /// - Throws: `StorageError.address`.
    package init(_ text: String) throws {
        let rest = text.dropFirst(Self.scheme.count)
        let bucket = rest.prefix { $0 != "/" }
        guard Self.isMeant(by: text), Self.isBucketName(bucket) else {
            throw StorageError(
                .address,
                "\(text) is not the address of a bucket",
                hint: "write s3://BUCKET/FOLDER/ or s3://BUCKET/FOLDER/NAME.zip"
            )
        }
        self.bucket = String(bucket)
        key = String(rest[bucket.endIndex...].dropFirst())
        guard key.utf8.count <= Self.keyBytesMax, !key.unicodeScalars.contains(where: { $0.value < 32 }) else {
            throw StorageError(
                .address,
                "the name of the object in \(text) is invalid: it is longer than \(Self.keyBytesMax) bytes, "
                    + "or has control characters",
                hint: "choose a shorter name"
            )
        }
    }

    /// Letters of upper case, underscores and a colon (tenants of Ceph) occur in other stores than Amazon's.
    private static func isBucketName(_ name: Substring) -> Bool {
        !name.isEmpty && name.utf8.count <= 255 && name.first != "." && name.first != "-"
            && name.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "." || $0 == "_" || $0 == ":")
            }
    }

    package var description: String { "\(Self.scheme)\(bucket)/\(key)" }

    /// Whether it names a folder, not an object.
    package var isFolder: Bool { key.isEmpty || key.hasSuffix("/") }

    /// The same as a folder.
    package var folder: ObjectAddress { isFolder ? self : ObjectAddress(bucket: bucket, key: key + "/") }

    /// The folder that the object is in.
    package var parent: ObjectAddress {
        ObjectAddress(bucket: bucket, key: key.lastIndex(of: "/").map { String(key[...$0]) } ?? "")
    }

    /// The last part of the key.
    package var name: String { key.lastIndex(of: "/").map { String(key[key.index(after: $0)...]) } ?? key }
}
