import Testing

@testable import Cryptography

@Suite struct ChaCha20Poly1305Tests {
    private static let key = Array(UInt8(0x80)...0x9F)
    private static let nonce: [UInt8] = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47]

    /// RFC 8439, section 2.8.2.
    @Test func theSealedMessageIsThatOfTheStandard() throws {
        let message =
            "Ladies and Gentlemen of the class of '99: "
            + "If I could offer you only one tip for the future, sunscreen would be it."
        let associated = Hexadecimal.bytes("50515253c0c1c2c3c4c5c6c7")!
        let cipher = try ChaCha20Poly1305(key: Self.key)
        let sealed = Self.seal(Array(message.utf8), associated, cipher)
        #expect(
            Hexadecimal.text(sealed) == "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
                + "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
                + "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                + "3ff4def08e4b7a9de576d26586cec64b6116" + "1ae10b594f09e26a7e902ecbd0600691"
        )
        #expect(try Self.open(sealed, associated, cipher) == Array(message.utf8))
    }

    @Test(arguments: [0, 1, 63, 64, 65, 65_536]) func aMessageOfAnyLengthComesBack(_ count: Int) throws {
        let cipher = try ChaCha20Poly1305(key: Self.key)
        let message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        for _ in 0..<2 { #expect(try Self.open(Self.seal(message, [], cipher), [], cipher) == message) }
    }

    @Test func anyFlippedBitIsNoticed() throws {
        let cipher = try ChaCha20Poly1305(key: Self.key)
        let sealed = Self.seal(Array("rows".utf8), [], cipher)
        for bit in 0..<8 * sealed.count {
            var changed = sealed
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: CryptographyError.self) { try Self.open(changed, [], cipher) }
        }
        // The cipher can still be used for the next message.
        #expect(try Self.open(sealed, [], cipher) == Array("rows".utf8))
    }

    @Test func otherAssociatedBytesAreNoticed() throws {
        let cipher = try ChaCha20Poly1305(key: Self.key)
        let sealed = Self.seal(Array("rows".utf8), [1], cipher)
        #expect(throws: CryptographyError.self) { try Self.open(sealed, [2], cipher) }
    }

    @Test func aKeyHas32Bytes() {
        #expect(throws: CryptographyError.self) { try ChaCha20Poly1305(key: Array(Self.key.dropLast())) }
    }

    private static func seal(_ message: [UInt8], _ associated: [UInt8], _ cipher: ChaCha20Poly1305) -> [UInt8] {
        var room = [UInt8](repeating: 0, count: message.count + ChaCha20Poly1305.tagByteCount)
        message.withUnsafeBytes { message in
            room.withUnsafeMutableBytes { cipher.seal(message, nonce: nonce, associated: associated, into: $0) }
        }
        return room
    }

    private static func open(
        _ sealed: [UInt8],
        _ associated: [UInt8],
        _ cipher: ChaCha20Poly1305
    ) throws -> [UInt8] {
        var room = [UInt8](repeating: 0, count: sealed.count - ChaCha20Poly1305.tagByteCount)
        try sealed.withUnsafeBytes { sealed in
            try room.withUnsafeMutableBytes { try cipher.open(sealed, nonce: nonce, associated: associated, into: $0) }
        }
        return room
    }
}
