import Testing

@testable import AgeEncryption

@Suite struct Bech32Tests {
    /// Valid and invalid examples of BIP 173.
    @Test func theChecksumIsThatOfTheStandard() {
        #expect(Bech32.read("A12UEL5L")?.prefix == "a")
        #expect(Bech32.read("?1ezyfcl")?.bytes == [])
        for text in ["A1G7SGD8", "10a06t8", "de1lg7wt\u{FF}", "li1dgmt3", "pzry9x0s0muk"] {
            #expect(Bech32.read(text) == nil)
        }
    }

    @Test func anIdentityAndItsRecipientAreThoseOfTheStandard() throws {
        let key = try #require(
            try AgeSecretKey("AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0")
        )
        #expect(key.secretText == "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0")
        #expect(try AgeRecipient(key.recipient.text) == key.recipient)
    }

    @Test func bytesComeBack() throws {
        for count in [0, 1, 4, 5, 31, 32, 33, 200] {
            let text = Bech32.text(pattern(count), prefix: "age")
            #expect(Bech32.read(text)?.bytes == pattern(count))
            #expect(Bech32.read(text.uppercased())?.bytes == pattern(count))
        }
    }

    @Test func anyChangedLetterIsNoticed() throws {
        let text = Array(Bech32.text(pattern(32), prefix: "age").utf8)
        for place in text.indices where text[place] != UInt8(ascii: "q") {
            var changed = text
            changed[place] = UInt8(ascii: "q")
            #expect(Bech32.read(String(decoding: changed, as: UTF8.self)) == nil)
        }
    }

    @Test(arguments: ["", "1", "age1", "age1qqqqq", "Age12uel5l", "a12UEL5L", "age1b", "x1b4n0q5v", "1qzzfhee"])
    func otherTextIsNotRead(_ text: String) { #expect(Bech32.read(text) == nil) }
}

@Suite struct Base64Tests {
    @Test func bytesOfAnyLengthComeBack() {
        for count in 0...70 { #expect(Base64.bytes(Base64.text(pattern(count))) == pattern(count)) }
        #expect(String(decoding: Base64.text([0xFB, 0xFF]), as: UTF8.self) == "+/8")
    }

    @Test(arguments: ["A", "AB", "AAB", "AA==", "AA=", "A A", "A\n", "AA-_", "é"]) func otherTextIsNotRead(
        _ text: String
    ) {
        #expect(Base64.bytes(text.utf8) == nil)
    }
}
