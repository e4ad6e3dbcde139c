internal import Cryptography

/// A public key that a file is encrypted for: `age1…`.
package struct AgeRecipient: Sendable, Equatable {
    let publicBytes: [UInt8]
    private static let prefix = "age"

    init(publicBytes: [UInt8]) { self.publicBytes = publicBytes }

    package var text: String { Bech32.text(publicBytes, prefix: Self.prefix) }

    /// - Throws: `AgeError.key`. The message does not repeat an identity that was given by mistake.
    package init(_ text: String) throws {
        let shown = text.utf8.count <= 70 ? text : text.prefix(20) + "…"
        guard !SecretKeyText.isContained(in: text) else {
            throw AgeError(
                .key,
                "a recipient is wanted, and this is an identity, which is secret",
                hint: "`granary key recipient` prints the recipient of an identity"
            )
        }
        guard let (prefix, bytes) = Bech32.read(text), prefix == Self.prefix, bytes.count == AgreementKey.byteCount
        else {
            let isOther = ["age1pq1", "age1tag1", "age1tagpq1", "ssh-"].contains { text.lowercased().hasPrefix($0) }
            throw AgeError(
                .key,
                isOther
                    ? "\(shown) is a kind of recipient that is not supported" : "\(shown) is not a recipient of age",
                hint: "a recipient begins with age1 and has 62 characters; `granary key new` makes one"
            )
        }
        publicBytes = bytes
    }
}

/// The private key of a recipient.
package struct AgeSecretKey: Sendable {
    let agreement: AgreementKey
    private static let prefix = "age-secret-key-"

    /// A new key.
    ///
    /// - Throws: `CryptographyError.unavailable` in FIPS mode.
    package init() throws { agreement = try AgreementKey() }

    /// - Returns: nil unless the text is `AGE-SECRET-KEY-1…`.
    package init?(_ text: String) throws {
        guard let (prefix, bytes) = Bech32.read(text), prefix == Self.prefix, bytes.count == AgreementKey.byteCount
        else {
            return nil
        }
        agreement = try AgreementKey(privateBytes: bytes)
    }

    package var recipient: AgeRecipient { AgeRecipient(publicBytes: agreement.publicBytes) }

    /// `AGE-SECRET-KEY-1…`. Write it to a file of its owner only.
    package var secretText: String { Bech32.text(agreement.privateBytes, prefix: Self.prefix).uppercased() }
}

/// Recognizes identities in text, so that they are never printed.
package enum SecretKeyText {
    private static let start = Array("age-secret-key-".utf8)

    package static func isContained(in text: String) -> Bool { isContained(in: Array(text.utf8)) }

    /// `text` with every identity replaced by `AGE-SECRET-KEY-***`.
    package static func masked(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard isContained(in: bytes) else { return text }
        var (masked, place): ([UInt8], Int) = ([], 0)
        while place < bytes.count {
            guard begins(bytes, at: place) else {
                masked.append(bytes[place])
                place += 1
                continue
            }
            masked += Array("AGE-SECRET-KEY-***".utf8)
            place += start.count
            while place < bytes.count, isOfWord(bytes[place]) { place += 1 }
        }
        return String(decoding: masked, as: UTF8.self)
    }

    private static func isContained(in bytes: [UInt8]) -> Bool { bytes.indices.contains { begins(bytes, at: $0) } }

    private static func begins(_ bytes: [UInt8], at place: Int) -> Bool {
        bytes.count - place >= start.count && zip(bytes[place...], start).allSatisfy { $0 == $1 || $0 | 0x20 == $1 }
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
