internal import CCrypto

/// Unpredictable random bytes, and comparison in constant time.
package enum Secrets {
    /// Bytes of libcrypto's generator for private keys.
    ///
    /// Source: `RAND_priv_bytes`.
    package static func randomBytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
            precondition(
                count == 0 || RAND_priv_bytes(bytes.baseAddress, CInt(count)) == 1,
                "libcrypto: no random bytes"
            )
            filled = count
        }
    }

    /// Compares in a time that depends only on the lengths.
    ///
    /// Source: `CRYPTO_memcmp`.
    package static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}
