/// The recipients of a file. A passphrase is always alone.
package enum AgeAudience: Sendable, Equatable {
    case recipients([AgeRecipient])
    case passphrase([UInt8])

    func header(for key: AgeFileKey) throws -> AgeHeader {
        switch self {
        case .recipients(let recipients):
            try AgeHeader(try recipients.map { try X25519Stanza.wrap(key, for: $0) }, for: key)
        case .passphrase(let text): try AgeHeader([try ScryptStanza.wrap(key, passphrase: text)], for: key)
        }
    }

    /// The recipients; none for a passphrase.
    package var recipients: [AgeRecipient] {
        if case .recipients(let recipients) = self { recipients } else { [] }
    }
}
