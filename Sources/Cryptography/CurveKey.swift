internal import CCrypto

/// A private key on Curve25519 for key agreement (X25519, RFC 7748).
package struct AgreementKey: Sendable {
    package static let byteCount = 32

    /// 32 bytes, secret.
    package let privateBytes: [UInt8]
    /// 32 bytes, public.
    package let publicBytes: [UInt8]

    /// - Throws: `CryptographyError.unavailable` in FIPS mode; `.input` unless there are 32 bytes.
    package init(privateBytes: [UInt8]) throws(CryptographyError) {
        self.privateBytes = privateBytes
        publicBytes = try CurveKey(.x25519, privateBytes: privateBytes).publicBytes()
    }

    /// A new random key.
    package init() throws(CryptographyError) {
        try self.init(privateBytes: Secrets.randomBytes(AgreementKey.byteCount))
    }

    /// The secret shared with the holder of the other key: 32 bytes.
    ///
    /// - Throws: `CryptographyError.input` for a public key of another length, or one of low order, with which the
    ///   secret would be zeros.
    ///
    /// Source: `EVP_PKEY_derive`.
    package func sharedSecret(with publicBytes: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let ours = try CurveKey(.x25519, privateBytes: privateBytes)
        let theirs = try CurveKey(.x25519, publicBytes: publicBytes)
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, ours.key, nil) else {
            throw CryptographyError.unavailable("X25519")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var secret = [UInt8](repeating: 0, count: AgreementKey.byteCount)
        var count = secret.count
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, theirs.key) == 1,
            EVP_PKEY_derive(context, &secret, &count) == 1, secret.contains(where: { $0 != 0 })
        else { throw CryptographyError(.input, "no secret can be agreed with this public key of X25519") }
        return secret
    }
}

/// A private key on Curve25519 for signatures (Ed25519, RFC 8032).
package struct SigningKey: Sendable {
    package static let byteCount = 32
    package static let signatureByteCount = 64

    /// 32 bytes, secret.
    package let privateBytes: [UInt8]
    /// 32 bytes, public.
    package let publicBytes: [UInt8]

    /// - Throws: `CryptographyError.unavailable` in FIPS mode; `.input` unless there are 32 bytes.
    package init(privateBytes: [UInt8]) throws(CryptographyError) {
        self.privateBytes = privateBytes
        publicBytes = try CurveKey(.ed25519, privateBytes: privateBytes).publicBytes()
    }

    /// A new random key.
    package init() throws(CryptographyError) {
        try self.init(privateBytes: Secrets.randomBytes(SigningKey.byteCount))
    }

    /// The signature of `message`: 64 bytes, always the same for one key and message.
    ///
    /// Source: `EVP_DigestSign`.
    package func signature(of message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let key = try CurveKey(.ed25519, privateBytes: privateBytes)
        let context = EVP_MD_CTX_new()!
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: SigningKey.signatureByteCount)
        var count = signature.count
        guard EVP_DigestSignInit_ex(context, nil, nil, nil, nil, key.key, nil) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else { throw CryptographyError.unavailable("Ed25519") }
        return signature
    }

    /// Whether the holder of the private key signed `message`.
    ///
    /// - Throws: `CryptographyError.input` for a public key of another length.
    ///
    /// Source: `EVP_DigestVerify`.
    package static func isValid(
        _ signature: [UInt8],
        of message: [UInt8],
        publicBytes: [UInt8]
    ) throws(CryptographyError) -> Bool {
        let key = try CurveKey(.ed25519, publicBytes: publicBytes)
        let context = EVP_MD_CTX_new()!
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, key.key, nil) == 1 else {
            throw CryptographyError.unavailable("Ed25519")
        }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}

/// An `EVP_PKEY` made from raw bytes.
private struct CurveKey: ~Copyable {
    enum Kind: String {
        case x25519 = "X25519"
        case ed25519 = "ED25519"
    }

    let key: OpaquePointer

    init(_ kind: Kind, privateBytes: [UInt8]) throws(CryptographyError) {
        try self.init(kind, privateBytes, EVP_PKEY_new_raw_private_key_ex)
    }

    init(_ kind: Kind, publicBytes: [UInt8]) throws(CryptographyError) {
        try self.init(kind, publicBytes, EVP_PKEY_new_raw_public_key_ex)
    }

    private init(
        _ kind: Kind,
        _ bytes: [UInt8],
        _ make: (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<UInt8>?, Int) ->
            OpaquePointer?
    ) throws(CryptographyError) {
        guard bytes.count == AgreementKey.byteCount else {
            throw CryptographyError(.input, "a key of \(kind.rawValue) has 32 bytes, not \(bytes.count)")
        }
        guard let key = make(nil, kind.rawValue, Libcrypto.properties, bytes, bytes.count) else {
            throw CryptographyError.unavailable(kind.rawValue)
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    func publicBytes() throws(CryptographyError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: AgreementKey.byteCount)
        var count = bytes.count
        guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 else {
            throw CryptographyError(.unavailable, "OpenSSL does not tell the public part of a key")
        }
        return bytes
    }
}
