import Testing

@testable import Cryptography

@Suite struct DigestTests {
    /// FIPS 180-4, the examples of NIST: one block, two blocks, none.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]) func sha256IsThatOfTheStandard(_ text: String, _ digest: String) {
        #expect(Hexadecimal.text(SHA256.digest(of: Array(text.utf8))) == digest)
    }

    @Test func aMillionLettersInPiecesHaveTheDigestOfTheStandard() {
        var hash = SHA256()
        for _ in 0..<1000 { hash.update([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
        #expect(
            Hexadecimal.text(hash.finalize()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        )
    }

    /// RFC 1321, A.5. An OpenSSL in FIPS mode has no MD5.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    ]) func md5IsThatOfItsDescription(_ text: String, _ digest: String) {
        guard let sum = Array(text.utf8).withUnsafeBytes({ MD5.digest(of: $0) }) else { return }
        #expect(Hexadecimal.text(sum) == digest)
    }

    /// RFC 4231, cases 1 to 4, 6 and 7: short keys, long keys, long messages.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            Array(1...25), [UInt8](repeating: 0xCD, count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131),
            Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. "
                    + "The key needs to be hashed before being used by the HMAC algorithm.").utf8
            ),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ]) func hmacIsThatOfTheStandard(_ secret: [UInt8], _ message: [UInt8], _ code: String) {
        #expect(Hexadecimal.text(HMACKey(secret).code(of: message)) == code)
    }

    @Test func oneKeyServesManyMessages() {
        let key = HMACKey(Array("Jefe".utf8))
        let first = key.code(of: Array("one".utf8))
        #expect(key.code(of: Array("two".utf8)) != first)
        #expect(key.code(of: Array("one".utf8)) == first)
    }

    /// A key of one block is used unchanged. A longer key is replaced by its digest.
    @Test func aKeyIsReplacedByItsDigestOnlyBeyondOneBlock() {
        let (block, beyond) = ([UInt8](repeating: 7, count: 64), [UInt8](repeating: 7, count: 65))
        #expect(HMACKey(block).code(of: []) != HMACKey(SHA256.digest(of: block)).code(of: []))
        #expect(HMACKey(beyond).code(of: []) == HMACKey(SHA256.digest(of: beyond)).code(of: []))
    }

    @Test func comparisonSeesEveryByteAndTheLength() {
        let bytes = Array(UInt8(0)...31)
        #expect(Secrets.areEqual(bytes, bytes))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(!Secrets.areEqual(bytes, other))
        }
        #expect(!Secrets.areEqual(bytes, Array(bytes.dropLast())))
        #expect(Secrets.areEqual([], []))
    }

    @Test func randomBytesDifferEachTime() {
        #expect(Secrets.randomBytes(32) != Secrets.randomBytes(32))
        #expect(Secrets.randomBytes(0).isEmpty)
    }
}
