import Testing

@testable import Basics

@Suite struct SpellingTests {
    @Test(
        arguments: [("bos", "boss"), ("emal", "email"), ("emial", nil), ("zzzz", nil), ("", nil)] as [(String, String?)]
    )
    func theNearestNameIsThatOfTheFewestChanges(name: String, nearest: String?) {
        #expect(Spelling.nearest(to: name, among: ["email", "boss", "created_at"]) == nearest)
    }

    @Test func ofTwoEquallySimilarNamesTheAlphabeticallyFirstIsSuggested() {
        #expect(Spelling.nearest(to: "usex", among: ["users", "user", "used"]) == "used")
    }
}
