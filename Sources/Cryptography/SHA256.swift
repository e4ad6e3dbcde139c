internal import CCrypto
internal import Glibc

// Functions of the system's libcrypto, used only through its EVP interfaces.
//
//     digest      SHA-256, piece by piece
//     HMAC        keyed once, for many messages
//     derivation  keys from keys (HKDF) and from passphrases (scrypt)
//     agreement   X25519; signing: Ed25519; sealing: ChaCha20-Poly1305

/// SHA-256 of bytes that arrive piece by piece (FIPS 180-4).
///
/// Source: `EVP_DigestInit_ex2`, `EVP_DigestUpdate`, `EVP_DigestFinal_ex` of libcrypto.
package struct SHA256: ~Copyable {
    /// The length of a digest in bytes.
    package static let byteCount = 32
    /// The length of the blocks that are hashed, in bytes.
    static let blockByteCount = 64

    private let context: DigestContext

    package init() { context = DigestContext() }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { context.update(bytes) }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { context.update($0) } }

    /// The digest: 32 bytes.
    package consuming func finalize() -> [UInt8] { context.finalize() }

    /// The digest of `bytes` in one call.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// The digest of `bytes` in one call.
    package static func digest(of bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { digest(of: $0) } }

    /// The digest of `bytes` as 64 hexadecimal digits.
    package static func text(of bytes: UnsafeRawBufferPointer) -> String { Hexadecimal.text(digest(of: bytes)) }

    /// The digest of `bytes` as 64 hexadecimal digits.
    package static func text(of bytes: [UInt8]) -> String { Hexadecimal.text(digest(of: bytes)) }
}

/// One `EVP_MD_CTX` for SHA-256.
final class DigestContext {
    /// Looked up once: a lookup for each digest costs more than the digest of a short text.
    ///
    /// `nonisolated(unsafe)`: libcrypto never changes an algorithm that was fetched, and any thread may use it.
    nonisolated(unsafe) private static let algorithm: OpaquePointer = {
        if let algorithm = EVP_MD_fetch(nil, "SHA256", nil) { return algorithm }
        // Every provider of OpenSSL has SHA-256, also in FIPS mode. Granary cannot work without it.
        let message = "granary: error: this machine's OpenSSL does not offer SHA-256\nhint: check openssl.cnf\n"
        _ = Glibc.write(STDERR_FILENO, message, message.utf8.count)
        exit(1)
    }()

    private let context: OpaquePointer

    init() {
        context = EVP_MD_CTX_new()!
        reset()
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Starts a new digest.
    func reset() { check(EVP_DigestInit_ex2(context, DigestContext.algorithm, nil)) }

    /// Continues from the state of `other`.
    func copy(_ other: borrowing DigestContext) { check(EVP_MD_CTX_copy_ex(context, other.context)) }

    func update(_ bytes: UnsafeRawBufferPointer) { check(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)) }

    /// The digest. Reset the context, or copy another into it, before using it again.
    func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { digest, count in
            check(EVP_DigestFinal_ex(context, digest.baseAddress, nil))
            count = SHA256.byteCount
        }
    }

    /// These calls fail only if memory runs out.
    private func check(_ result: CInt) { precondition(result == 1, "libcrypto: SHA-256 failed") }
}
