import Testing

@testable import Cryptography

@Suite struct KeyDerivationTests {
    /// RFC 5869, cases 1 to 3: with and without salt and info, longer than one digest.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 22), Array(UInt8(0)...12), Array(UInt8(0xF0)...0xF9),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        ),
        (
            Array(UInt8(0)...0x4F), Array(UInt8(0x60)...0xAF), Array(UInt8(0xB0)...0xFF),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
        (
            [UInt8](repeating: 0x0B, count: 22), [], [],
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        ),
    ]) func hkdfIsThatOfTheStandard(_ secret: [UInt8], _ salt: [UInt8], _ info: [UInt8], _ key: String) throws {
        let count = key.utf8.count / 2
        #expect(
            Hexadecimal.text(try KeyDerivation.hkdf(secret: secret, salt: salt, info: info, byteCount: count)) == key
        )
    }

    @Test func hkdfMakesNoKeyBeyond255Digests() throws {
        #expect(try KeyDerivation.hkdf(secret: [1], byteCount: 255 * 32).count == 255 * 32)
        #expect(throws: CryptographyError.self) { try KeyDerivation.hkdf(secret: [1], byteCount: 255 * 32 + 1) }
        #expect(throws: CryptographyError.self) { try KeyDerivation.hkdf(secret: [1], byteCount: 0) }
    }

    /// RFC 7914, section 12.
    @Test(arguments: [
        (
            "", "", 4, 1, 1,
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        (
            "password", "NaCl", 10, 8, 16,
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
        (
            "pleaseletmein", "SodiumChloride", 14, 8, 1,
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        ),
    ]) func scryptIsThatOfTheStandard(
        _ passphrase: String,
        _ salt: String,
        _ logN: Int,
        _ r: Int,
        _ p: Int,
        _ key: String
    ) throws {
        let derived = try KeyDerivation.scrypt(
            passphrase: Array(passphrase.utf8),
            salt: Array(salt.utf8),
            logN: logN,
            r: r,
            p: p,
            byteCount: 64
        )
        #expect(Hexadecimal.text(derived) == key)
    }

    @Test(arguments: [0, -1, 31]) func scryptWithAnImpossibleCostIsRefused(_ logN: Int) {
        #expect(throws: CryptographyError.self) {
            try KeyDerivation.scrypt(passphrase: [1], salt: [2], logN: logN, byteCount: 32)
        }
    }
}
