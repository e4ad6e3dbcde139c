import Testing

@testable import Cryptography

/// The behaviour if OpenSSL has only FIPS-approved algorithms. In this test it has no provider at all.
@Suite struct UnavailableTests {
    @Test func eachAlgorithmThatIsMissingIsNamed() {
        Libcrypto.$properties.withValue("fips=yes") {
            let bytes = [UInt8](repeating: 1, count: 32)
            expectMissing("ChaCha20-Poly1305") { _ = try ChaCha20Poly1305(key: bytes) }
            expectMissing("X25519") { _ = try AgreementKey(privateBytes: bytes) }
            expectMissing("ED25519") { _ = try SigningKey(privateBytes: bytes) }
            expectMissing("SCRYPT") { _ = try KeyDerivation.scrypt(passphrase: [1], salt: [2], logN: 4, byteCount: 32) }
            expectMissing("HKDF") { _ = try KeyDerivation.hkdf(secret: [1], byteCount: 32) }
        }
    }

    private func expectMissing(_ name: String, _ body: () throws -> Void) {
        let error = #expect(throws: CryptographyError.self) { try body() }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "this machine's OpenSSL does not offer \(name)")
        #expect(error?.hint?.contains("FIPS") == true)
    }
}
