internal import Cryptography

/// The random key of one file.
package struct AgeFileKey: Sendable, Equatable, CustomStringConvertible {
    static let byteCount = 16
    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    static func random() -> AgeFileKey { AgeFileKey(bytes: Secrets.randomBytes(byteCount)) }

    /// Never the key itself.
    package var description: String { "a file key" }

    /// - Parameter wrappingKey: Used for this one message, so the nonce may be zero.
    func wrapped(by wrappingKey: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let cipher = try ChaCha20Poly1305(key: wrappingKey)
        var body = [UInt8](repeating: 0, count: Self.wrappedByteCount)
        bytes.withUnsafeBytes { key in
            body.withUnsafeMutableBytes { cipher.seal(key, nonce: Self.zeroNonce, into: $0) }
        }
        return body
    }

    /// nil if the body was not wrapped by this key.
    init?(unwrapping body: [UInt8], with wrappingKey: [UInt8]) throws(CryptographyError) {
        let cipher = try ChaCha20Poly1305(key: wrappingKey)
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        do {
            try body.withUnsafeBytes { body in
                try bytes.withUnsafeMutableBytes { try cipher.open(body, nonce: Self.zeroNonce, into: $0) }
            }
        } catch {
            return nil
        }
        self.bytes = bytes
    }

    static let wrappedByteCount = byteCount + ChaCha20Poly1305.tagByteCount
    private static let zeroNonce = [UInt8](repeating: 0, count: ChaCha20Poly1305.nonceByteCount)
}

/// The file key for the holder of a private key.
struct X25519Stanza {
    static let type = "X25519"
    private static let info = Array("age-encryption.org/v1/X25519".utf8)
    /// The public half of a key that was made for this stanza.
    private let share: [UInt8]
    private let body: [UInt8]

    /// - Throws: `AgeError.header` for a form that no writer makes.
    init(_ stanza: AgeHeader.Stanza) throws {
        guard stanza.words.count == 2, let share = Base64.bytes(stanza.words[1].utf8),
            share.count == AgreementKey.byteCount, stanza.body.count == AgeFileKey.wrappedByteCount
        else { throw AgeError.header("has a malformed recipient of type X25519") }
        (self.share, body) = (share, stanza.body)
    }

    static func wrap(_ key: AgeFileKey, for recipient: AgeRecipient) throws -> AgeHeader.Stanza {
        let ephemeral = try AgreementKey()
        let secret = try ephemeral.sharedSecret(with: recipient.publicBytes)
        let wrapping = try wrappingKey(secret, share: ephemeral.publicBytes, recipient: recipient.publicBytes)
        let share = String(decoding: Base64.text(ephemeral.publicBytes), as: UTF8.self)
        return AgeHeader.Stanza(words: [type, share], body: try key.wrapped(by: wrapping))
    }

    /// - Returns: nil if the stanza is for another recipient.
    /// - Throws: `AgeError.header` for a share with which everyone would get the same secret.
    func fileKey(_ identity: AgreementKey) throws -> AgeFileKey? {
        let secret: [UInt8]
        do {
            secret = try identity.sharedSecret(with: share)
        } catch  where error.code == .input {
            throw AgeError.header("has a recipient of type X25519 with a share of low order")
        }
        let wrapping = try Self.wrappingKey(secret, share: share, recipient: identity.publicBytes)
        return try AgeFileKey(unwrapping: body, with: wrapping)
    }

    private static func wrappingKey(
        _ secret: [UInt8],
        share: [UInt8],
        recipient: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        try KeyDerivation.hkdf(secret: secret, salt: share + recipient, info: info, byteCount: 32)
    }
}

/// The file key for someone who knows a passphrase.
struct ScryptStanza {
    static let type = "scrypt"
    private static let label = Array("age-encryption.org/v1/scrypt".utf8)
    /// The cost of files that are written: 256 MiB of memory and about a second.
    static let logN = 18
    /// A header could ask for any amount of memory; this is 1 GiB.
    static let logNMax = 20
    private static let saltByteCount = 16

    private let salt: [UInt8]
    private let logN: Int
    private let body: [UInt8]

    /// - Throws: `AgeError.header` for a form that no writer makes, and a cost that is too high.
    init(_ stanza: AgeHeader.Stanza) throws {
        guard stanza.words.count == 3, let salt = Base64.bytes(stanza.words[1].utf8),
            salt.count == Self.saltByteCount, stanza.body.count == AgeFileKey.wrappedByteCount,
            let logN = Self.cost(stanza.words[2])
        else { throw AgeError.header("has a malformed passphrase") }
        guard logN <= Self.logNMax else { throw AgeError.header("asks for too much memory for its passphrase") }
        (self.salt, self.logN, body) = (salt, logN, stanza.body)
    }

    /// A number without a sign and without leading zeros.
    private static func cost(_ text: String) -> Int? {
        let digits = text.utf8
        guard digits.first != UInt8(ascii: "0"), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    static func wrap(
        _ key: AgeFileKey,
        passphrase: [UInt8],
        logN: Int = ScryptStanza.logN
    ) throws(CryptographyError) -> AgeHeader.Stanza {
        let salt = Secrets.randomBytes(saltByteCount)
        let body = try key.wrapped(by: try wrappingKey(passphrase, salt, logN))
        return AgeHeader.Stanza(
            words: [type, String(decoding: Base64.text(salt), as: UTF8.self), String(logN)],
            body: body
        )
    }

    /// - Returns: nil if the passphrase is another.
    func fileKey(_ passphrase: [UInt8]) throws(CryptographyError) -> AgeFileKey? {
        try AgeFileKey(unwrapping: body, with: try Self.wrappingKey(passphrase, salt, logN))
    }

    private static func wrappingKey(
        _ passphrase: [UInt8],
        _ salt: [UInt8],
        _ logN: Int
    ) throws(CryptographyError) -> [UInt8] {
        try KeyDerivation.scrypt(passphrase: passphrase, salt: label + salt, logN: logN, byteCount: 32)
    }
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
    fileprivate func fileKey(of stanza: AgeHeader.Stanza) throws -> AgeFileKey? {
        switch self {
        case .key(let key) where stanza.type == X25519Stanza.type: try X25519Stanza(stanza).fileKey(key.agreement)
        case .passphrase(let text) where stanza.type == ScryptStanza.type: try ScryptStanza(stanza).fileKey(text)
        default: nil
        }
    }
}
