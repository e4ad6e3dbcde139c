/// A key of HMAC-SHA-256 (RFC 2104), ready for any number of messages.
///
/// The two blocks that depend only on the key are hashed once. Each message starts from copies of those states, which
/// takes a tenth of the time of `HMAC()` for a short message.
///
/// A class for the digest contexts it owns. One thread at a time may use it.
package final class HMACKey {
    private let inner = DigestContext()
    private let outer = DigestContext()
    private let work = DigestContext()

    /// - Parameter secret: Of any length. A secret longer than 64 bytes is replaced by its SHA-256, according to RFC
    ///   2104.
    package init(_ secret: [UInt8]) {
        var block = secret.count > SHA256.blockByteCount ? SHA256.digest(of: secret) : secret
        block += [UInt8](repeating: 0, count: SHA256.blockByteCount - block.count)
        block.map { $0 ^ 0x36 }.withUnsafeBytes { inner.update($0) }
        block.map { $0 ^ 0x5C }.withUnsafeBytes { outer.update($0) }
    }

    /// The authentication code of `message`: 32 bytes.
    package func code(of message: UnsafeRawBufferPointer) -> [UInt8] {
        work.copy(inner)
        work.update(message)
        let digest = work.finalize()
        work.copy(outer)
        digest.withUnsafeBytes { work.update($0) }
        return work.finalize()
    }

    /// The authentication code of `message`: 32 bytes.
    package func code(of message: [UInt8]) -> [UInt8] { message.withUnsafeBytes { code(of: $0) } }
}
