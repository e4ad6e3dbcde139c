internal import Cryptography

/// The file key for the holder of a private key.
struct X25519Stanza {
    static let type = "X25519"
    private static let info = Array("age-encryption.org/v1/X25519".utf8)
    /// The public half of a key that was made for this stanza.
    private let share: [UInt8]
    private let body: [UInt8]

    /// - Throws: `AgeError.header` for a form that no writer makes.
    init(_ stanza: AgeStanza) throws {
        guard stanza.words.count == 2, let share = Base64.bytes(stanza.words[1].utf8),
            share.count == AgreementKey.byteCount, stanza.body.count == AgeFileKey.wrappedByteCount
        else { throw AgeError.header("has a malformed recipient of type X25519") }
        (self.share, body) = (share, stanza.body)
    }

    static func wrap(_ key: AgeFileKey, for recipient: AgeRecipient) throws -> AgeStanza {
        let ephemeral = try AgreementKey()
        let secret = try ephemeral.sharedSecret(with: recipient.publicBytes)
        let wrapping = try wrappingKey(secret, share: ephemeral.publicBytes, recipient: recipient.publicBytes)
        let share = String(decoding: Base64.text(ephemeral.publicBytes), as: UTF8.self)
        return AgeStanza(words: [type, share], body: try key.wrapped(by: wrapping))
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
    init(_ stanza: AgeStanza) throws {
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
    ) throws(CryptographyError) -> AgeStanza {
        let salt = Secrets.randomBytes(saltByteCount)
        let body = try key.wrapped(by: try wrappingKey(passphrase, salt, logN))
        return AgeStanza(
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
