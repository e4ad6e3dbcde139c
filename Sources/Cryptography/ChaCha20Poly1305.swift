internal import CCrypto

/// Authenticated encryption with ChaCha20-Poly1305 (RFC 8439).
///
/// One context for each direction; the key is set once, and a message sets only its nonce. A class, because it owns the
/// contexts. Use it in one thread at a time.
///
/// Source: `EVP_EncryptInit_ex2`, `EVP_DecryptInit_ex2`, `EVP_CIPHER_CTX_ctrl`.
package final class ChaCha20Poly1305 {
    package static let keyByteCount = 32
    package static let nonceByteCount = 12
    package static let tagByteCount = 16

    private let encryption: OpaquePointer
    private let decryption: OpaquePointer

    /// - Parameter key: 32 bytes.
    /// - Throws: `CryptographyError.unavailable` in FIPS mode; `.input` for a key of another length.
    package init(key: [UInt8]) throws(CryptographyError) {
        guard key.count == ChaCha20Poly1305.keyByteCount else {
            throw CryptographyError(.input, "a key of ChaCha20-Poly1305 has 32 bytes, not \(key.count)")
        }
        guard let cipher = EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", Libcrypto.properties) else {
            throw CryptographyError.unavailable("ChaCha20-Poly1305")
        }
        defer { EVP_CIPHER_free(cipher) }
        encryption = EVP_CIPHER_CTX_new()!
        decryption = EVP_CIPHER_CTX_new()!
        check(EVP_EncryptInit_ex2(encryption, cipher, key, nil, nil))
        check(EVP_DecryptInit_ex2(decryption, cipher, key, nil, nil))
    }

    deinit {
        // Both calls overwrite the key.
        EVP_CIPHER_CTX_free(encryption)
        EVP_CIPHER_CTX_free(decryption)
    }

    /// Encrypts `message`; the tag of 16 bytes follows the ciphertext.
    ///
    /// - Parameters:
    ///   - nonce: 12 bytes, never used twice with one key.
    ///   - room: 16 bytes longer than `message`.
    package func seal(
        _ message: UnsafeRawBufferPointer,
        nonce: [UInt8],
        associated: [UInt8] = [],
        into room: UnsafeMutableRawBufferPointer
    ) {
        precondition(nonce.count == ChaCha20Poly1305.nonceByteCount)
        precondition(room.count == message.count + ChaCha20Poly1305.tagByteCount && room.count <= Int(CInt.max))
        let output = room.bindMemory(to: UInt8.self).baseAddress!
        var count: CInt = 0
        check(EVP_EncryptInit_ex2(encryption, nil, nil, nonce, nil))
        check(EVP_EncryptUpdate(encryption, nil, &count, associated, CInt(associated.count)))
        if !message.isEmpty {
            let input = message.bindMemory(to: UInt8.self).baseAddress
            check(EVP_EncryptUpdate(encryption, output, &count, input, CInt(message.count)))
        }
        check(EVP_EncryptFinal_ex(encryption, output + message.count, &count))
        let tag = output + message.count
        check(EVP_CIPHER_CTX_ctrl(encryption, EVP_CTRL_AEAD_GET_TAG, CInt(ChaCha20Poly1305.tagByteCount), tag))
    }

    /// Decrypts what `seal` wrote.
    ///
    /// - Parameter room: 16 bytes shorter than `sealed`. Do not use its content if this throws.
    /// - Throws: `CryptographyError.authentication` if a bit was changed, or if the key or nonce differs.
    package func open(
        _ sealed: UnsafeRawBufferPointer,
        nonce: [UInt8],
        associated: [UInt8] = [],
        into room: UnsafeMutableRawBufferPointer
    ) throws(CryptographyError) {
        precondition(nonce.count == ChaCha20Poly1305.nonceByteCount)
        let messageCount = sealed.count - ChaCha20Poly1305.tagByteCount
        precondition(messageCount >= 0 && room.count == messageCount && sealed.count <= Int(CInt.max))
        let input = sealed.bindMemory(to: UInt8.self).baseAddress!
        var tag = Array(sealed[messageCount...])
        var count: CInt = 0
        check(EVP_DecryptInit_ex2(decryption, nil, nil, nonce, nil))
        check(EVP_CIPHER_CTX_ctrl(decryption, EVP_CTRL_AEAD_SET_TAG, CInt(tag.count), &tag))
        check(EVP_DecryptUpdate(decryption, nil, &count, associated, CInt(associated.count)))
        var last: UInt8 = 0
        if messageCount > 0 {
            let output = room.bindMemory(to: UInt8.self).baseAddress
            check(EVP_DecryptUpdate(decryption, output, &count, input, CInt(messageCount)))
        }
        // A stream cipher has no last block: this call only compares the tags.
        guard EVP_DecryptFinal_ex(decryption, &last, &count) == 1 else {
            throw CryptographyError(.authentication, "the encrypted bytes were changed, or the key is wrong")
        }
    }

    /// The lengths were checked, so these calls fail only if memory runs out.
    private func check(_ result: CInt) { precondition(result == 1, "libcrypto: ChaCha20-Poly1305 failed") }
}
