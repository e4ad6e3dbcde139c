internal import FoundationEssentials
internal import Storage

/// The last drill of an archive: a small file beside it, `shop.zip.drill.json`. It names no table, because the archive
/// may be encrypted.
package struct DrillRecord: Codable, Sendable, Equatable {
    /// When the drill ended: RFC 3339, UTC.
    package var drilledAt: String
    /// Whether it found nothing.
    package var ok: Bool
    /// The bytes of the archive, and their SHA-256.
    package var bytes: Int
    package var sha256: String
    package var rpoSeconds: Int
    /// nil if the archive could not be restored.
    package var rtoSeconds: Double?
    /// The version of granary that ran the drill.
    package var granary: String

    package init(
        drilledAt: String,
        ok: Bool,
        bytes: Int,
        sha256: String,
        rpoSeconds: Int,
        rtoSeconds: Double?,
        granary: String
    ) {
        self.drilledAt = drilledAt
        self.ok = ok
        self.bytes = bytes
        self.sha256 = sha256
        self.rpoSeconds = rpoSeconds
        self.rtoSeconds = rtoSeconds
        self.granary = granary
    }

    private enum CodingKeys: String, CodingKey {
        case drilledAt = "drilled_at"
        case ok, bytes, sha256
        case rpoSeconds = "rpo_seconds"
        case rtoSeconds = "rto_seconds"
        case granary
    }
}

extension DrillRecord {
    private static let suffix = ".drill.json"
    /// A larger file is not one of these.
    private static let bytesMax = 1 << 16

    /// The record, and its seal.
    private struct Sealed: Codable {
        var drill: DrillRecord
        var seal: [String]
    }

    package static func path(of archive: String) -> String { archive + suffix }

    /// Replaces the record beside an archive.
    ///
    /// - Parameter key: nil writes it without a seal.
    /// - Throws: `StorageError.io`.
    package func write(beside archive: String, sealedBy key: SealKey?) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let seal = key.map { [$0.name, SealedText.lead, SealedText.zeros] } ?? []
        var text = String(decoding: try encoder.encode(Sealed(drill: self, seal: seal)), as: UTF8.self)
        if let key { text = SealedText.seal(text, with: key) }
        do {
            try Files.replace(Self.path(of: archive), Array((text + "\n").utf8), mode: 0o600)
        } catch {
            throw StorageError(error, "could not be written")
        }
    }

    /// The record beside an archive; nil if there is none for a file of this size, or if it was changed after a holder
    /// of one of the keys has sealed it.
    package static func read(beside archive: String, bytes: Int, keys: [SealKey]) -> DrillRecord? {
        let path = path(of: archive)
        guard (1...bytesMax).contains(Files.size(path)), let content = try? Files.bytes(of: path, onlyRegular: true),
            let sealed = try? JSONDecoder().decode(Sealed.self, from: Data(content)), sealed.drill.bytes == bytes
        else { return nil }
        var text = String(decoding: content, as: UTF8.self)
        if text.hasSuffix("\n") { text.removeLast() }
        return SealedText.check(text, keys: keys) == .altered ? nil : sealed.drill
    }
}
