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
