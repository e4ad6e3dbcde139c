import GranaryCommands
import Testing

/// Sizes on the command line.
@Suite struct ByteCountTests {
    @Test(arguments: [
        ("0", 0), ("1234", 1234), ("1kB", 1000), ("500MB", 500_000_000), ("1.5gb", 1_500_000_000), ("2GiB", 2 << 30),
        ("1TB", 1_000_000_000_000), ("3B", 3),
    ])
    func validSizesAreParsed(text: String, bytes: Int) {
        #expect(ByteCountArgument(argument: text)?.bytes == bytes)
    }

    @Test(arguments: ["", "MB", "-1", "1XB", "1.2.3", "1 GB", "9999999TB", "nan"])
    func invalidSizesAreRefused(text: String) {
        #expect(ByteCountArgument(argument: text) == nil)
    }

    @Test func theDefaultIsShownAsItWouldBeWritten() {
        #expect(ByteCountArgument(1_000_000_000).defaultValueDescription == "1GB")
        #expect(ByteCountArgument(250_000).defaultValueDescription == "250kB")
        #expect(ByteCountArgument(1001).defaultValueDescription == "1001")
    }
}
