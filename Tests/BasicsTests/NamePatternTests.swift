import Testing

@testable import Basics

@Suite struct NamePatternTests {
    @Test(arguments: [
        ("users", true), ("*", true), ("u*", true), ("*s", true), ("u*e*s", true), ("user", false), ("", false),
        ("users*x", false),
    ])
    func anAsteriskFitsAnyCharacters(pattern: String, fits: Bool) {
        #expect(NamePattern(pattern).fits("users") == fits)
    }

    @Test func namesAreComparedByteByByte() { #expect(!NamePattern("cafe\u{301}").fits("caf\u{E9}")) }
}
