/// What opens a file: the private key of a recipient, or a passphrase.
package enum AgeIdentity: Sendable {
    case key(AgeSecretKey)
    case passphrase([UInt8])
}

extension AgeHeader {
    /// The file key, opened by one of the identities, and the header checked with it.
    ///
    /// - Throws: `AgeError.noMatch`, `.header`, `.authentication`.
    package func fileKey(_ identities: [AgeIdentity]) throws -> AgeFileKey {
        for identity in identities {
            for stanza in stanzas {
                guard let key = try identity.fileKey(of: stanza) else { continue }
                try require(key)
                return key
            }
        }
        let isPassphrase = needsPassphrase
        throw AgeError(
            .noMatch,
            isPassphrase ? "the passphrase does not open the file" : "no identity that was given opens the file",
            hint: isPassphrase
                ? "type the passphrase again, or take another copy if the file may have been changed"
                : "it is encrypted for other recipients, or its header was changed; --identity names another identity file"
        )
    }
}

extension AgeIdentity {
    fileprivate func fileKey(of stanza: AgeStanza) throws -> AgeFileKey? {
        switch self {
        case .key(let key) where stanza.type == X25519Stanza.type: try X25519Stanza(stanza).fileKey(key.agreement)
        case .passphrase(let text) where stanza.type == ScryptStanza.type: try ScryptStanza(stanza).fileKey(text)
        default: nil
        }
    }
}
