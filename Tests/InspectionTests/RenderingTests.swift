import GranaryCommands
import Testing

/// Tables of text, and differences.
@Suite struct RenderingTests {
    private let columns: [TableRenderer.Column] = [
        .init("name", mayShrink: true), .init("rows", isNumber: true), .init("remark"),
    ]

    @Test func columnsAreAlignedByWhatATerminalShows() {
        var table = TableRenderer(columns)
        for name in ["plain", "表テスト", "🇩🇪👩‍👩‍👧", "e\u{301}te\u{301}", "שָׁלוֹם", "❤️"] { table.add([name, "12", "x"]) }
        #expect(
            table.lines(width: nil) == [
                "name      rows  remark", "plain       12  x", "表テスト    12  x", "🇩🇪👩‍👩‍👧        12  x",
                "e\u{301}te\u{301}         12  x", "שָׁלוֹם        12  x", "❤️          12  x",
            ]
        )
    }

    @Test func widthsAreThoseOfTerminals() {
        for (text, width) in [
            ("", 0), ("a", 1), ("ä", 1), ("表", 2), ("ｱ", 1), ("Ａ", 2), ("한", 2), ("👍🏽", 2), ("🇩🇪", 2), ("e\u{301}", 1),
            ("\u{200B}", 0), ("عربى", 4), ("①", 1), ("⌚", 2),
        ] { #expect(Formatting.width(text) == width, "\(text)") }
    }

    @Test func whatIsTooWideIsCutOnATerminalAndNeverInAPipe() {
        var table = TableRenderer(columns)
        table.add([String(repeating: "表", count: 20), "1", "kept"])
        #expect(table.lines(width: 30).map(Formatting.width).allSatisfy { $0 <= 30 })
        #expect(table.lines(width: 30)[1].contains("…") && table.lines(width: 30)[1].hasSuffix("kept"))
        #expect(!table.lines(width: nil)[1].contains("…"))
        // Narrower than the headings it is left as it is, not cut to nothing.
        #expect(table.lines(width: 5)[1].hasSuffix("kept"))
    }

    @Test func columnsThatAreEmptyAreLeftOut() {
        var table = TableRenderer(columns)
        table.add(["a", "1", ""])
        #expect(table.lines(width: nil) == ["name  rows", "a        1"])
    }

    @Test func barsAndAges() {
        #expect([0, 0.001, 0.5, 1, 2].map { Formatting.bar($0, columns: 4) } == ["", "▏", "██", "████", "████"])
        #expect(Formatting.bar(0.3, columns: 10) == "███")
        #expect(
            [59, 60, 3599, 3600, 172_799, 172_800].map(Formatting.age)
                == ["just now", "1 min ago", "59 min ago", "1 h ago", "47 h ago", "2 days ago"]
        )
    }

    @Test func aDifferenceNamesItsLines() {
        let difference = LineDifference(expected: "a\nb\nc\n", found: "a\nc\nd")
        #expect(
            difference.lines(file: "f", found: "shop") == [
                "--- f", "+++ shop", "- 2: b", "+ 3: d", "2 lines differ",
            ]
        )
        #expect(LineDifference(expected: "a\n", found: "a").isEmpty)
        #expect(!LineDifference(expected: "e\u{301}", found: "\u{E9}").isEmpty)
    }

    @Test func theFormatOfAFileIsThatOfItsName() {
        let names = ["a.sql", "a.b/c.md", "x.MMD", "s.json", "schema.txt", "sql", "a.sql/schema"]
        #expect(names.map(SchemaCommand.format) == [.sql, .md, .mermaid, .json, .text, .text, .text])
    }
}
