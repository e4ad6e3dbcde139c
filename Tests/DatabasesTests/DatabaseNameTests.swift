import Testing

@testable import Databases

@Suite struct DatabaseNameTests {
    @Test func aDerivedNameFitsAndKeepsItsSuffix() {
        #expect(DatabaseName.derived(from: "shop", "_before_1") == "shop_before_1")
        let long = DatabaseName.derived(from: String(repeating: "é", count: 40), "_before_1")
        #expect(long.utf8.count <= 63 && long.utf8.count > 60)
        #expect(long.hasSuffix("é_before_1"))
    }

    @Test(arguments: ["CONNECT ON DATABASE x TO y; DROP", "", "A B", "ALL;", "É"])
    func onlyWordsAreKeywords(text: String) throws {
        let error = #expect(throws: DatabaseError.self) { _ = try Keyword(text) }
        #expect(error?.code == .keyword)
    }
}
