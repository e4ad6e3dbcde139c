internal import Cryptography
internal import FoundationEssentials

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
    package var backup: BackupSummary
    /// When `verify` found it whole, and when a drill restored it.
    package var verifiedAt: String?
    package var drilledAt: String?
    /// Whether that drill found nothing.
    package var drillOK: Bool?
    /// Until when the store refuses to delete it.
    package var lockedUntil: String?
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

    /// The content of the file.
    ///
    /// - Parameter key: Seals it.
    package func contents(sealedBy key: SealKey?) throws -> [UInt8] { try Seal.contents(of: self, by: key) }

    /// Whether one of the keys has sealed the file with this content.
    package func isSealed(by keys: [SealKey], _ contents: [UInt8]) -> Bool {
        guard let seal, let key = keys.first(where: { $0.name == seal.key }),
            let sealed = SealedBytes(contents, seal)
        else { return false }
        return key.made(seal.hmac, of: sealed.with(Manifest.Seal.zeros))
    }
}

extension Sidecar: Sealable {}
