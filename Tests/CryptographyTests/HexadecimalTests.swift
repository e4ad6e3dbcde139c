import Testing

@testable import Cryptography

@Suite struct HexadecimalTests {
    @Test func bytesBecomePairsOfLowerCaseDigits() {
        #expect(Hexadecimal.text([0x00, 0x0A, 0x9F, 0xFF]) == "000a9fff")
    }

    @Test func digitsOfEitherCaseAreRead() {
        #expect(Hexadecimal.bytes("00aAfF") == [0x00, 0xAA, 0xFF])
    }

    @Test(arguments: ["0", "0g", "é", "+1", " 1"]) func otherTextIsNotRead(_ text: String) {
        #expect(Hexadecimal.bytes(text) == nil)
    }
}
