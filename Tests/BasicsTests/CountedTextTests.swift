import Testing

@testable import Basics

@Suite struct CountedTextTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (6_001_215, "6,001,215"), (100_000, "100,000"), (-1234, "-1,234"),
    ])
    func digitsAreGroupedByThousands(number: Int, text: String) { #expect(grouped(number) == text) }

    @Test(arguments: [(1, "1 table"), (0, "0 tables"), (1500, "1,500 tables")])
    func countsKnowTheSingular(number: Int, text: String) { #expect(counted(number, "table") == text) }

    @Test func countsWithoutCommas() { #expect(counted(1500, "row", isGrouped: false) == "1500 rows") }

    @Test func aLongListEndsWithANumber() {
        let names = (1...10).map { "t\($0)" }
        #expect(names.listed(atMost: 3) == "t1, t2, t3 and 7 more")
        #expect(["a", "b"].listed(atMost: 2) == "a, b")
    }
}
