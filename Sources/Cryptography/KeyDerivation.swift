internal import CCrypto

/// Derives keys from secrets: HKDF for secrets with high entropy, scrypt for passphrases.
package enum KeyDerivation {
    /// HKDF with SHA-256 (RFC 5869).
    ///
    /// - Parameter byteCount: The length of the key, at most 255 · 32.
    /// - Throws: `CryptographyError.unavailable` in an OpenSSL without HKDF; `.input` for a length that is not allowed.
    package static func hkdf(
        secret: [UInt8],
        salt: [UInt8] = [],
        info: [UInt8] = [],
        byteCount: Int
    ) throws(CryptographyError) -> [UInt8] {
        guard (1...255 * SHA256.byteCount).contains(byteCount) else {
            throw CryptographyError(.input, "HKDF makes keys of 1 to \(255 * SHA256.byteCount) bytes, not \(byteCount)")
        }
        let kdf = try function("HKDF")
        defer { EVP_KDF_free(kdf) }
        var key = [UInt8](repeating: 0, count: byteCount)
        let isDone = CCrypto_hkdf(
            kdf,
            secret,
            secret.count,
            salt,
            salt.count,
            info,
            info.count,
            &key,
            byteCount
        )
        guard isDone == 1 else { throw CryptographyError(.input, "OpenSSL derived no key by HKDF") }
        return key
    }

    /// scrypt (RFC 7914).
    ///
    /// - Parameters:
    ///   - logN: The binary logarithm of the cost; the memory used is 128 · r · 2^logN bytes.
    ///   - byteCount: The length of the key.
    /// - Throws: `CryptographyError.unavailable` in an OpenSSL without scrypt, as in FIPS mode; `.input` for a cost
    ///   outside 1 to 30, or one that OpenSSL rejects.
    package static func scrypt(
        passphrase: [UInt8],
        salt: [UInt8],
        logN: Int,
        r: Int = 8,
        p: Int = 1,
        byteCount: Int
    ) throws(CryptographyError) -> [UInt8] {
        guard (1...30).contains(logN), (1...1024).contains(r), (1...1024).contains(p), byteCount > 0 else {
            throw CryptographyError(.input, "scrypt cannot work with logN = \(logN), r = \(r), p = \(p)")
        }
        let kdf = try function("SCRYPT")
        defer { EVP_KDF_free(kdf) }
        let n = UInt64(1) << UInt64(logN)
        // The memory that RFC 7914 needs (128 · r · (N + p + 2)), plus some reserve.
        let bytesMax = UInt64(128 * r) * (n + UInt64(p) + 2) + (1 << 20)
        var key = [UInt8](repeating: 0, count: byteCount)
        let isDone = CCrypto_scrypt(
            kdf,
            passphrase,
            passphrase.count,
            salt,
            salt.count,
            n,
            UInt32(r),
            UInt32(p),
            bytesMax,
            &key,
            byteCount
        )
        guard isDone == 1 else {
            throw CryptographyError(.input, "OpenSSL derived no key by scrypt with logN = \(logN), r = \(r), p = \(p)")
        }
        return key
    }

    private static func function(_ name: String) throws(CryptographyError) -> OpaquePointer {
        guard let kdf = EVP_KDF_fetch(nil, name, Libcrypto.properties) else {
            throw CryptographyError.unavailable(name)
        }
        return kdf
    }
}
