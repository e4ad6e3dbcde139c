import Testing

@testable import PostgresClient

@Suite struct SettingValueTests {
    @Test func aListOfNamesIsSplitAsTheServerSplitsIt() {
        #expect(SettingValue.split("\"$user\", public") == ["$user", "public"])
        #expect(SettingValue.split("\"a\"\"b\", \"c, d\", e") == ["a\"b", "c, d", "e"])
        #expect(SettingValue.split("") == [])
        #expect(SettingValue.split("\"\"") == [""])
    }
}
