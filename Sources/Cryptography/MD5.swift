internal import CCrypto

/// MD5 (RFC 1321), which protects against nothing but accidents. Some protocols ask for it.
package enum MD5 {
    private static let byteCount = 16

    /// `nonisolated(unsafe)`: libcrypto never changes an algorithm that was fetched, and any thread may use it.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "MD5", nil)

    /// The digest of `bytes`: 16 bytes; nil if this machine's OpenSSL does not offer MD5, as in FIPS mode.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let algorithm else { return nil }
        var isDone = false
        let digest = [UInt8](unsafeUninitializedCapacity: byteCount) { digest, count in
            isDone = EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, nil, algorithm, nil) == 1
            count = isDone ? byteCount : 0
        }
        return isDone ? digest : nil
    }
}
