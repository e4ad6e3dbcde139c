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
            ("\u{200B}", 0), ("عربى", 4), ("①", 1), ("⌚", 2), ("हिन्दी", 5), ("ทำ", 2), ("தமிழ்", 4), ("1️⃣", 2), ("👩‍👩‍👧", 2),
            ("각", 2),
        ] { #expect(Formatting.width(text) == width, "\(text)") }
    }

    @Test func wideCellsAreCutOnATerminalButNotInAPipe() {
        var table = TableRenderer([
            .init("name", mayShrink: true), .init("kind", expendable: 2), .init("toast", isNumber: true, expendable: 1),
        ])
        table.add(["a_rather_long_name_of_a_table", "table", "8.2 kB"])
        #expect(
            table.lines(width: nil) == [
                "name                           kind    toast", "a_rather_long_name_of_a_table  table  8.2 kB",
            ]
        )
        #expect(table.lines(width: 30) == ["name             kind    toast", "a_rather_long_…  table  8.2 kB"])
        #expect(table.lines(width: 22) == ["name             kind", "a_rather_long_…  table"])
        #expect(table.lines(width: 12) == ["name", "a_rather_lo…"])
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

    @Test func largeTextsAreHeldAgainstEachOtherQuickly() {
        let before = (1...6000).flatMap { ["table \($0)", "", "| column | type |", "| `b` | `integer` |"] }
        var after = before.map { $0 == "| `b` | `integer` |" ? "| `bb` | `integer` |" : $0 }
        let start = ContinuousClock.now
        let difference = LineDifference(
            expected: before.joined(separator: "\n"),
            found: after.joined(separator: "\n")
        )
        #expect(difference.changes.count == 12_000)
        #expect(
            difference.changes.prefix(2) == [
                .removed(line: 4, "| `b` | `integer` |"), .added(line: 4, "| `bb` | `integer` |"),
            ]
        )
        after = before
        after.swapAt(0, 4)
        after.insert("new", at: 10_000)
        let moved = LineDifference(expected: before.joined(separator: "\n"), found: after.joined(separator: "\n"))
        #expect(moved.changes.contains(.added(line: 10_001, "new")) && moved.changes.count <= 13, "\(moved.changes)")
        let other = LineDifference(expected: "# nothing", found: after.joined(separator: "\n"))
        #expect(other.changes.count == 24_002)
        // A quadratic algorithm would take minutes for these lengths.
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func longTextIsWrappedCompletely() {
        #expect(
            Formatting.wrapped("    a_fkey  FOREIGN KEY (a) REFERENCES b(a)", columns: 30, indentation: 8) == [
                "    a_fkey  FOREIGN KEY (a)", "        REFERENCES b(a)",
            ]
        )
        #expect(Formatting.wrapped("short", columns: 5, indentation: 8) == ["short"])
        #expect(Formatting.wrapped("  表表表表 表表", columns: 10, indentation: 4) == ["  表表表表", "    表表"])
        // A word that is too wide is left to the terminal.
        #expect(
            Formatting.wrapped("  averyveryverylongword", columns: 10, indentation: 4) == ["  averyveryverylongword"]
        )
        #expect(
            Formatting.wrapped("a averyveryverylongword b", columns: 10, indentation: 4) == [
                "a", "    averyveryverylongword", "    b",
            ]
        )
    }

    @Test func theFormatOfAFileIsThatOfItsName() {
        let names = ["a.sql", "a.b/c.md", "x.MMD", "s.json", "schema.txt", "sql", "a.sql/schema"]
        #expect(names.map(SchemaCommand.format) == [.sql, .md, .mermaid, .json, .text, .text, .text])
    }
}
