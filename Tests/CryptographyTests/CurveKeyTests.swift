import Testing

@testable import Cryptography

@Suite struct CurveKeyTests {
    /// RFC 7748, section 6.1.
    @Test func bothSidesAgreeOnTheSecretOfTheStandard() throws {
        let one = try AgreementKey(
            privateBytes: Hexadecimal.bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")!
        )
        let other = try AgreementKey(
            privateBytes: Hexadecimal.bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")!
        )
        let secret = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        #expect(
            Hexadecimal.text(one.publicBytes) == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        )
        #expect(
            Hexadecimal.text(other.publicBytes) == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
        )
        #expect(Hexadecimal.text(try one.sharedSecret(with: other.publicBytes)) == secret)
        #expect(Hexadecimal.text(try other.sharedSecret(with: one.publicBytes)) == secret)
    }

    @Test(arguments: [[UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31)])
    func aPointOfLowOrderIsRefused(_ publicBytes: [UInt8]) throws {
        let key = try AgreementKey()
        #expect(throws: CryptographyError.self) { try key.sharedSecret(with: publicBytes) }
    }

    @Test func newKeysDiffer() throws {
        #expect(try AgreementKey().publicBytes != AgreementKey().publicBytes)
        #expect(try SigningKey().publicBytes != SigningKey().publicBytes)
    }

    @Test(arguments: [31, 33]) func aKeyHas32Bytes(_ count: Int) throws {
        let bytes = [UInt8](repeating: 9, count: count)
        #expect(throws: CryptographyError.self) { try AgreementKey(privateBytes: bytes) }
        #expect(throws: CryptographyError.self) { try SigningKey(privateBytes: bytes) }
        #expect(throws: CryptographyError.self) { try AgreementKey().sharedSecret(with: bytes) }
    }

    /// RFC 8032, section 7.1, tests 1 to 3.
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                + "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ]) func theSignatureIsThatOfTheStandard(
        _ privateText: String,
        _ messageText: String,
        _ publicText: String,
        _ signatureText: String
    ) throws {
        let key = try SigningKey(privateBytes: Hexadecimal.bytes(privateText)!)
        let message = Hexadecimal.bytes(messageText)!
        let signature = try key.signature(of: message)
        #expect(Hexadecimal.text(key.publicBytes) == publicText)
        #expect(Hexadecimal.text(signature) == signatureText)
        #expect(try SigningKey.isValid(signature, of: message, publicBytes: key.publicBytes))
        #expect(try !SigningKey.isValid(signature, of: message + [0], publicBytes: key.publicBytes))
        #expect(try !SigningKey.isValid(Array(signature.dropLast()), of: message, publicBytes: key.publicBytes))
    }
}
