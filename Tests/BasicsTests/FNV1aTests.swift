import Basics
import Testing

@Suite struct FNV1aTests {
    /// The first ones are in the appendix of RFC 9923; the others are in use in databases and folders.
    @Test(arguments: [
        ("", 0xcbf2_9ce4_8422_2325 as UInt64), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
        ("granary migrate shop", 0x1de2_3637_e972_5736), ("/home/dev/shop", 0xe0b2_d337_a893_8846),
    ])
    func aTextHasTheSameHashForEver(text: String, hash: UInt64) { #expect(FNV1a.hash(of: text) == hash) }

    @Test func piecesHaveTheHashOfTheWhole() {
        var hash = FNV1a()
        hash.add("foo")
        hash.add(UInt8(ascii: "b"))
        hash.add("ar")
        #expect(hash.value == FNV1a.hash(of: "foobar"))
    }

    @Test func digitsBeginWithZeros() {
        let short = (0...).lazy.map(String.init).first { FNV1a.hash(of: $0) >> 60 == 0 }!
        #expect(FNV1a.digits(of: short).hasPrefix("0"))
        #expect(FNV1a.digits(of: short).utf8.count == 16)
        #expect(FNV1a.digits(of: "/home/dev/shop") == "e0b2d337a8938846")
    }
}
