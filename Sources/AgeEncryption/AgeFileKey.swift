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
