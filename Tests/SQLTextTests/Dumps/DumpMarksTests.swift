import SQLText
import Testing

/// The mark of a complete plain dump.
@Suite struct DumpMarksTests {
    private func verdict(_ text: String, buffer: Int = 1 << 20) throws -> DumpMarks.Verdict {
        var script = script(Array(text.utf8), buffer: buffer)
        while try script.next() != nil {}
        return script.marks.verdict
    }

    private let body = "CREATE TABLE t (a text);\nCOPY t (a) FROM stdin;\nx\ny\n\\.\n"

    private func dump(_ body: String) -> String {
        "--\n-- PostgreSQL database dump\n--\n\n\\restrict k\n\(body)\n--\n-- PostgreSQL database dump complete\n--\n\n"
    }

    private func ours(_ body: String, tables: Int, rows: Int) -> String {
        "\(DumpMarks.announcement)\n\(body)\(DumpMarks.closing(tables: tables, rows: rows))\n"
    }

    @Test(arguments: [1, 7, 64, 1 << 20]) func aDumpWithBothLinesIsWhole(buffer: Int) throws {
        #expect(try verdict(dump(body), buffer: buffer) == .whole)
        #expect(try verdict(dump(body).replacing("\n", with: "\r\n"), buffer: buffer) == .whole)
        #expect(try verdict("\u{FEFF}" + dump(body).dropFirst(3), buffer: buffer) == .whole)
    }

    @Test func linesMayFollowTheClosingOne() throws {
        #expect(try verdict(dump(body) + "\\unrestrict k\n\nCREATE TABLE more (a int);\n") == .whole)
        #expect(try verdict(ours(body, tables: 1, rows: 2) + "COPY t (a) FROM stdin;\nz\n\\.\n") == .whole)
    }

    @Test func aHeaderWithoutItsClosingLineIsCut() throws {
        let sentence = "the header of pg_dump has no closing line \"PostgreSQL database dump complete\""
        for text in [
            "--\n-- PostgreSQL database dump\n--\n\n\(body)",
            "--\n-- PostgreSQL database dump\n--\n",
            "--\n-- PostgreSQL database dump\n--\n\(body)--\n-- PostgreSQL database dump comp",
        ] {
            #expect(try verdict(text) == .cut(line: 2, sentence))
        }
    }

    @Test func aClosingLineWithoutItsNewlineIsOne() throws {
        #expect(try verdict("-- PostgreSQL database dump\n\(body)-- PostgreSQL database dump complete") == .whole)
        #expect(
            try verdict("\(DumpMarks.announcement)\n\(body)\(DumpMarks.closing(tables: 1, rows: 2))") == .whole
        )
    }

    /// In a row, a string, a function, a comment inside a statement, a block comment, or after other text.
    @Test(arguments: [
        "COPY t (a) FROM stdin;\n-- PostgreSQL database dump complete\n\\.\n",
        "COMMENT ON TABLE t IS '\n-- PostgreSQL database dump complete\n';\n",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n-- PostgreSQL database dump complete\nSELECT 1 $$;\n",
        "SELECT\n-- PostgreSQL database dump complete\n1;\n",
        "/*\n-- PostgreSQL database dump complete\n*/\n",
        "SELECT 1; -- PostgreSQL database dump complete\n",
        "  -- PostgreSQL database dump complete\n", "--PostgreSQL database dump complete\n",
        "-- PostgreSQL database dump completed\n", "\\unrestrict -- PostgreSQL database dump complete\n",
    ])
    func elsewhereTheTextIsNotAMark(text: String) throws {
        #expect(try verdict(text) == .unmarked(headless: nil))
        guard case .cut = try verdict("-- PostgreSQL database dump\n" + text) else {
            Issue.record("taken for a closing line: \(text)")
            return
        }
        #expect(try verdict(dump(text.replacing(" complete", with: ""))) == .whole)
    }

    @Test func withoutMarksNothingIsKnown() throws {
        for text in ["", body, "-- A plain dump of the PostgreSQL database shop, made by granary 0.1.0\n\(body)"] {
            #expect(try verdict(text) == .unmarked(headless: nil))
        }
        #expect(try verdict("\(body)-- PostgreSQL database dump complete\n") == .unmarked(headless: 6))
    }

    @Test func eachOfSeveralDumpsNeedsItsClosingLine() throws {
        let cut = "-- PostgreSQL database dump\n\(body)"
        let whole = "-- PostgreSQL database dump\n\(body)-- PostgreSQL database dump complete\n"
        let ourOwn = ours(body, tables: 1, rows: 2)
        #expect(try verdict(whole + whole + ourOwn + whole) == .whole)
        for (text, line) in [
            (whole + cut, 8), (cut + whole, 1), (whole + cut + whole, 8), (cut + ourOwn + whole, 1), (ourOwn + cut, 8),
            (cut + ourOwn, 1),
        ] {
            guard case .cut(line, _) = try verdict(text) else {
                Issue.record("\(try verdict(text)): \(text)")
                continue
            }
        }
    }

    @Test func aClusterHasAPairOfItsOwnAroundThoseOfItsDatabases() throws {
        let whole = "-- PostgreSQL database dump\n\(body)-- PostgreSQL database dump complete\n"
        let header = "-- PostgreSQL database cluster dump\nCREATE ROLE a;\n"
        let end = "-- PostgreSQL database cluster dump complete\n"
        #expect(try verdict(header + whole + whole + end) == .whole)
        #expect(
            try verdict(header + whole + whole)
                == .cut(
                    line: 1,
                    "the header of pg_dumpall has no closing line \"PostgreSQL database cluster dump complete\""
                )
        )
        for text in [
            header + whole + "-- PostgreSQL database dump\n\(body)" + end,
            header + "-- PostgreSQL database dump\n\(body)" + whole + end,
        ] {
            guard
                case .cut(_, "the header of pg_dump has no closing line \"PostgreSQL database dump complete\"") =
                    try verdict(text)
            else {
                Issue.record("\(try verdict(text)): \(text)")
                continue
            }
        }
    }

    @Test func productsMadeFromPostgreSQLHaveTheirNamesInTheLines() throws {
        for product in ["EnterpriseDB", "Greenplum Database", "YSQL"] {
            let text = dump(body).replacing("PostgreSQL", with: product)
            #expect(try verdict(text) == .whole)
            guard case .cut = try verdict(text.replacing("\(product) database dump complete", with: "")) else {
                Issue.record("the header of \(product) is not known")
                continue
            }
        }
        #expect(try verdict("-- Our database dump\n\(body)") == .unmarked(headless: nil))
    }

    @Test func theNumbersOfOurClosingLineMustBeRight() throws {
        #expect(try verdict(ours(body, tables: 1, rows: 2)) == .whole)
        #expect(try verdict(ours("", tables: 0, rows: 0)) == .whole)
        for (tables, rows) in [(1, 1), (1, 3), (0, 2), (2, 2)] {
            #expect(
                try verdict(ours(body, tables: tables, rows: rows))
                    == .cut(
                        line: 7,
                        "according to the closing line there are tables \(tables), rows \(rows), but the file has tables 1, rows 2"
                    )
            )
        }
        // Truncated numbers.
        for text in ["-- granary dump complete: tables 1, rows ", "-- granary dump complete"] {
            guard case .cut(1, _) = try verdict("\(DumpMarks.announcement)\n\(body)\(text)") else {
                Issue.record("taken for a closing line: \(text)")
                continue
            }
        }
    }
}

/// The content of a truncated dump.
@Suite struct CutDumpTests {
    private func pieces(_ text: String, buffer: Int) throws -> [String] {
        var bytes = Array(text.utf8)[...]
        var script = DumpScript(bufferBytes: buffer, mayBeCut: true) { memory in
            let part = bytes.prefix(memory.count)
            memory.copyBytes(from: part)
            bytes = bytes.dropFirst(part.count)
            return part.count
        }
        var pieces: [String] = []
        while let element = try script.next() {
            switch element {
            case .statement(let text, _): pieces.append(String(decoding: text, as: UTF8.self))
            case .metaCommand(let name, _, _): pieces.append("\\" + name)
            case .copy:
                var rows: [UInt8] = []
                while try script.nextCopyData({ rows += $0 }) {}
                pieces.append(String(decoding: rows, as: UTF8.self))
            }
        }
        return pieces
    }

    @Test(arguments: [1, 3, 16, 1 << 20]) func halfAStatementAndHalfARowAreLeftOut(buffer: Int) throws {
        let begin = "SELECT 1;\nCOPY t FROM stdin;\n"
        for (text, expected) in [
            ("\(begin)abc\ndef\n", ["SELECT 1", "abc\ndef\n"]), ("\(begin)abc\nde", ["SELECT 1", "abc\n"]),
            ("\(begin)ab", ["SELECT 1", ""]), ("\(begin)abc\n\\", ["SELECT 1", "abc\n"]),
            ("\(begin)abc\n\\.", ["SELECT 1", "abc\n"]), ("\(begin)abc\n\\.\nDELETE FROM t", ["SELECT 1", "abc\n"]),
            ("\(begin)\\.\nSELECT 'a;", ["SELECT 1", ""]), ("\(begin)\\.\nSELECT $$a;", ["SELECT 1", ""]),
            ("\(begin)\\.\n/* a", ["SELECT 1", ""]), ("SELECT 1;\nCOPY t FROM std", ["SELECT 1"]),
            ("\(begin)abc\n\\.\nSELECT 2;\n", ["SELECT 1", "abc\n", "SELECT 2"]),
        ] {
            #expect(try pieces(text, buffer: buffer) == expected, "\(text)")
        }
    }

    @Test func aRowLongerThanTheBufferIsWholeOrLeftOut() throws {
        let row = String(repeating: "x", count: 1000)
        #expect(try pieces("COPY t FROM stdin;\n\(row)\n\(row)\n", buffer: 10) == ["\(row)\n\(row)\n"])
        #expect(try pieces("COPY t FROM stdin;\n\(row)\n\(row)", buffer: 10) == ["\(row)\n"])
    }
}
