internal import Cryptography

/// The content of an encrypted file: a nonce, then chunks that are sealed one by one (STREAM).
enum AgePayload {
    static let nonceByteCount = 16
    /// Bytes of content in a chunk. Only the last may have fewer, and it is empty only if the whole content is.
    static let chunkByteCount = 64 << 10
    static let sealedChunkByteCount = chunkByteCount + ChaCha20Poly1305.tagByteCount

    static func cipher(_ key: AgeFileKey, nonce: [UInt8]) throws(CryptographyError) -> ChaCha20Poly1305 {
        let secret = try KeyDerivation.hkdf(
            secret: key.bytes,
            salt: nonce,
            info: Array("payload".utf8),
            byteCount: ChaCha20Poly1305.keyByteCount
        )
        return try ChaCha20Poly1305(key: secret)
    }

    /// The nonce of a chunk: its number in eleven bytes, and one byte that marks the last chunk.
    static func nonce(of chunk: Int, isLast: Bool) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: ChaCha20Poly1305.nonceByteCount)
        for place in 0..<8 { nonce[10 - place] = UInt8(truncatingIfNeeded: chunk >> (8 * place)) }
        nonce[11] = isLast ? 1 : 0
        return nonce
    }
}
