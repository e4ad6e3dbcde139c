import Storage
import TestSupport
import Testing

@testable import Archive

@Suite struct SealedTextTests {
    private let key: SealKey
    private let other: SealKey

    init() throws {
        key = try #require(SealKey(String(repeating: "0123456789abcdef", count: 4)))
        other = try #require(SealKey(String(repeating: "fedcba9876543210", count: 4)))
    }

    private func text(_ content: String) -> String {
        SealedText.seal("\(content)\nSeal: \(key.name) \(SealedText.lead) \(SealedText.zeros)", with: key)
    }

    @Test func theHolderOfTheKeySeesThatATextIsUnchanged() {
        #expect(SealedText.check(text("500 rows"), keys: [other, key]) == .sealed(key: key.name))
        #expect(SealedText.check(text("500 rows"), keys: [other]) == .unknownKey(key.name))
        #expect(SealedText.check("500 rows", keys: [key]) == .unsealed)
    }

    /// A name of a table, for example.
    @Test func theLastSealCountsAndNotOneInTheContent() {
        let forged = "table 0123456789abcdef hmac_sha_256 \(String(repeating: "a", count: 64))"
        #expect(SealedText.check(text(forged), keys: [key]) == .sealed(key: key.name))
        #expect(SealedText.check(text("hmac_sha_256 \(SealedText.zeros)"), keys: [key]) == .sealed(key: key.name))
    }

    @Test func everyChangedCharacterIsSeen() {
        let sealed = Array(text("500 rows").utf8)
        for position in sealed.indices {
            var changed = sealed
            changed[position] = changed[position] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
            let verdict = SealedText.check(String(decoding: changed, as: UTF8.self), keys: [key])
            #expect(verdict != .sealed(key: key.name), "byte \(position)")
        }
    }
}
