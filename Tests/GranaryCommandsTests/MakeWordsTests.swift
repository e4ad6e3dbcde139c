import Testing

@testable import GranaryCommands

@Suite struct MakeWordsTests {
    private static let args = "; make passes options on in ARGS=\"…\""

    @Test(arguments: [
        ("if shop is meant, add --confirm shop", "if shop is meant, add CONFIRM=shop"),
        ("add --from unknown --confirm shop", "add --from unknown CONFIRM=shop\(args)"),
        ("add --confirm 'a $b'; it is safe", "add CONFIRM='a $$b'; it is safe"),
        ("raise --undo-limit", "raise --undo-limit\(args)"),
        ("add --confirm-version 3", "add --confirm-version 3\(args)"),
        ("`granary verify x --quiet` shows it", "`granary verify x --quiet` shows it"),
        ("try again", "try again"),
        // Words behind an option that are no value.
        (
            "say what it will be: --env qa, live or demo; this marks it",
            "say what it will be: ENV=qa, live or demo; this marks it"
        ),
        ("write the whole name, and --env for the folder", "write the whole name, and ENV= for the folder"),
        ("use the right database, or --env", "use the right database, or ENV="),
        // The target takes no FORMAT.
        ("back up as an archive: --format zip", "back up as an archive: --format zip\(args)"),
        // Options of other programs.
        ("make it with pg_dump --format=directory", "make it with pg_dump --format=directory"),
        ("redirect it: granary backup --output - > FILE.zip", "redirect it: granary backup --output - > FILE.zip"),
    ])
    func hintsSpeakMake(hint: String, said: String) {
        #expect(MakeWords.hint(hint, taken: "CONFIRM ENV") == said)
    }
}
