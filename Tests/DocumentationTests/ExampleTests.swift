import TestSupport
import Testing

/// The examples on every page do what the page says.
@Suite struct ExampleTests {
    static let withExamples = Project.documents.filter { !$0.steps.isEmpty }.map(\.path)

    @Test(arguments: withExamples)
    func examplesPrintWhatThePageShows(page: String) async throws {
        let problems = try await Example(document: try Document(page)).problems()
        #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
    }

    @Test func thePagesForUsersHaveExamples() {
        let expected = [
            "README.md", "docs/backup-and-restore.md", "docs/exit-codes.md", "docs/inspection.md",
            "docs/local-server.md",
        ]
        #expect(Set(expected).isSubset(of: Self.withExamples))
        #expect(Project.documents.count == Project.pages.count, "a page could not be read")
    }

    @Test(arguments: Project.pages)
    func everyBlockOfShellIsOne(page: String) async throws {
        for block in try Document(page).blocks where block.language == "sh" {
            let outcome = try await runCommand("sh", ["-n"], input: Array(block.text.utf8))
            #expect(outcome.status == 0, "\(page):\(block.line): \(outcome.stderr)")
        }
    }

    /// The demo needs a release build, so its printed output is compared with the script.
    @Test func theDemoThatIsShownIsTheDemo() throws {
        let readme = try Document("README.md")
        let block = try #require(readme.blocks.first { $0.text.hasPrefix("Granary: back up, break, restore") })
        let steps = block.text.split(separator: "\n").compactMap { line in
            line.wholeMatch(of: #/  [✓✗] ([a-z]+) +[0-9.]+ s .*/#).map { String($0.1) }
        }
        let script = try Project.text("scripts/demo.sh")
        let printed = script.matches(of: #/(?m)^    (?:good|bad) ([a-z]+) /#).map { String($0.1) }
        #expect(steps == printed.filter { $0 != "failed" })
        #expect(steps.count == 8)
    }

    @Test func thePictureShowsTheQuickStart() throws {
        let quickStart = try #require(try Document("README.md").blocks.first(where: \.isTested))
        let commands = quickStart.text.split(separator: "\n").map { String($0.replacing(#/ +# .*/#, with: "")) }
        let picture = try Project.text("docs/quick-start.svg")
        let shown = picture.matches(of: #/\$ <\/tspan><tspan class="b">(.*)<\/tspan>/#).map {
            String($0.1).replacing("&gt;", with: ">").replacing("&lt;", with: "<").replacing("&amp;", with: "&")
        }
        #expect(shown == commands)
        #expect(commands.count == 10)
    }

    // Tests of the helpers.

    @Test func aPageThatLiesIsFound() async throws {
        let lies = [
            "```text\nno such line\n```", "```text\n…\nrow\n```",
        ]
        for lie in lies {
            let page = try Document(
                "lie.md",
                text: "# Lie\n\n<!-- tested -->\n```sh\necho row\necho more\n```\n\n\(lie)\n"
            )
            try await #expect(Example(document: page).problems().count == 1)
        }
        let failing = try Document("lie.md", text: "<!-- tested -->\n```sh\ngranary backup --no-such-option\n```\n")
        try await #expect(Example(document: failing).problems().count == 1)
    }

    @Test func wildcardsStandForTextOrLines() {
        #expect(Wildcards.fit("a b c\n", "a … c"))
        #expect(Wildcards.fit("one\ntwo\nthree", "one\n…\nthree"))
        #expect(Wildcards.fit("one\nthree", "one\n…\nthree"))
        #expect(Wildcards.fit("x-1-y-2-z", "x…y…z"))
        #expect(!Wildcards.fit("x-1-z-2-y", "x…y…z"))
        #expect(!Wildcards.fit("aXc", "a…Xc…c"))
        #expect(!Wildcards.fit("a\nb", "a"))
        #expect(!Wildcards.fit("a", "a\nb"))
        #expect(!Wildcards.fit("aba", "ab…ba"))
    }
}
