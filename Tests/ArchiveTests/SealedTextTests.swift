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

    @Test func everyChangedCharacterIsSeen() {
        let sealed = Array(text("500 rows").utf8)
        for position in sealed.indices {
            var changed = sealed
            changed[position] = changed[position] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
            let verdict = SealedText.check(String(decoding: changed, as: UTF8.self), keys: [key])
            #expect(verdict != .sealed(key: key.name), "byte \(position)")
        }
    }

    @Test func aRecordStandsBesideItsArchiveAndCountsOnlyForIt() throws {
        let record = DrillRecord(
            drilledAt: "2026-11-29T10:00:00.000Z",
            ok: true,
            bytes: 1234,
            sha256: String(repeating: "a", count: 64),
            rpoSeconds: 60,
            rtoSeconds: 1.5,
            granary: "1"
        )
        let folder = Folder()
        let archive = folder.file("a.zip")
        try record.write(beside: archive, sealedBy: key)
        #expect(folder.names == ["a.zip.drill.json"])
        #expect(DrillRecord.read(beside: archive, bytes: 1234, keys: [key]) == record)
        #expect(DrillRecord.read(beside: archive, bytes: 1234, keys: [other]) == record)
        #expect(DrillRecord.read(beside: archive, bytes: 1235, keys: [key]) == nil)
        let path = DrillRecord.path(of: archive)
        let text = try Files.text(of: path)
        try Files.overwrite(path, Array(text.replacing("\"ok\":true", with: "\"ok\":false").utf8))
        #expect(DrillRecord.read(beside: archive, bytes: 1234, keys: [key]) == nil)
        try record.write(beside: archive, sealedBy: nil)
        #expect(DrillRecord.read(beside: archive, bytes: 1234, keys: [key]) == record)
        try Files.overwrite(path, Array("{}".utf8))
        #expect(DrillRecord.read(beside: archive, bytes: 1234, keys: []) == nil)
    }
}
