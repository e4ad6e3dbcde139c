internal import Cryptography
internal import FoundationEssentials
internal import Storage

/// The small file beside a backup, `NAME.json`, so that a list of backups needs one small read for each, and no identity.
///
/// It is sealed like the manifest. Of an encrypted backup it names neither schemas nor tables.
package struct Sidecar: Codable, Sendable, Equatable {
    package static let ending = ".json"
    /// A larger file is no sidecar.
    package static let bytesMax = 1 << 20

    package var format = 1
    /// The name of the backup, without its folder.
    package var file: String
    package var bytes: Int
    /// Of the whole file.
    package var sha256: String
    package var isEncrypted: Bool
    /// Of an object: its address and its ETag, without quotes. They bind the sidecar to this content at this place.
    package var address: String?
    package var etag: String?
    /// Of an object: how the store encrypts it. The sidecar is encrypted in the same way.
    package var serverSideEncryption: String?
    package var kmsKey: String?
    package var backup: BackupSummary
    /// When `verify` found it whole, and when a drill restored it.
    package var verifiedAt: String?
    package var drilledAt: String?
    /// Whether that drill found nothing.
    package var drillOK: Bool?
    /// Until when the store refuses to delete it.
    package var lockedUntil: String?
    /// Whether `granary backups lock` protects it from `prune`.
    package var locked: Bool?
    package var seal: Manifest.Seal?

    package init(file: String, bytes: Int, sha256: String, isEncrypted: Bool, _ manifest: Manifest) {
        (self.file, self.bytes, self.sha256, self.isEncrypted) = (file, bytes, sha256, isEncrypted)
        backup = BackupSummary(manifest, withNames: !isEncrypted)
    }

    /// - Returns: nil unless `contents` are a sidecar.
    package init?(_ contents: [UInt8]) {
        guard contents.count <= Self.bytesMax,
            let found = try? JSONDecoder().decode(Sidecar.self, from: Data(contents)), found.format == 1
        else { return nil }
        self = found
    }

    /// Whether it is about the content that a file or an object has now.
    ///
    /// An object may be replaced by one of the same size, and a sidecar may be copied from elsewhere to the side of another
    /// object. So address and ETag must be the same, too. Whoever can do that in a folder can as well delete its files.
    ///
    /// - Parameters:
    ///   - path: Of the file, or the address of the object.
    ///   - contentTag: See `StoredFile`.
    package func isAbout(_ path: String, bytes: Int, contentTag: String) -> Bool {
        guard bytes == self.bytes else { return false }
        guard ObjectAddress.isMeant(by: path) else { return path.split(separator: "/").last.map(String.init) == file }
        guard let place = try? ObjectAddress(path) else { return false }
        return file == place.name && address == place.description && !contentTag.isEmpty && etag == contentTag
    }

    /// Whether the store or `prune` must not delete the backup.
    ///
    /// - Parameter now: Seconds since 1970.
    package func isLocked(at now: Int = UTCTime.now) -> Bool {
        locked == true || lockedUntil.flatMap(UTCTime.parse(extended:)).map { $0 > now } ?? false
    }

    /// The content of the file.
    ///
    /// - Parameter key: Seals it.
    package func contents(sealedBy key: SealKey?) throws -> [UInt8] { try sealedContents(by: key) }

    /// Whether one of the keys has sealed the file with this content.
    package func isSealed(by keys: [SealKey], _ contents: [UInt8]) -> Bool {
        guard let seal, let key = keys.first(where: { $0.name == seal.key }),
            let sealed = SealedBytes(contents, seal)
        else { return false }
        return key.made(seal.hmac, of: sealed.with(Manifest.Seal.zeros))
    }
}

extension Sidecar: Sealable {}
