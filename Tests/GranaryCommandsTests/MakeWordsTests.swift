import Testing

@testable import GranaryCommands

@Suite struct MakeWordsTests {
    @Test(arguments: [
        ("if shop is meant, add --confirm shop", "if shop is meant, add CONFIRM=shop"),
        ("add --from unknown --confirm shop", "add --from unknown CONFIRM=shop; make passes options on in ARGS=\"…\""),
        ("add --confirm 'a $b'; it is safe", "add CONFIRM='a $$b'; it is safe"),
        ("raise --undo-limit", "raise --undo-limit; make passes options on in ARGS=\"…\""),
        ("`granary verify x --quiet` shows it", "`granary verify x --quiet` shows it"),
        ("try again", "try again"),
    ])
    func hintsSpeakMake(hint: String, said: String) {
        #expect(MakeWords.hint(hint) == said)
    }
}
