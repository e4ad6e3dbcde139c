import SQLText
import Testing

@Suite struct DumpScriptTests {
    @Test func statementsEndAtSemicolonsOutsideOfQuotations() throws {
        #expect(
            try statements(#"SELECT ';'; SELECT "a;b"; SELECT $$;$$; SELECT $x$ $$;$x $x$; SELECT (1;2);"#)
                == [
                    "SELECT ';'", #"SELECT "a;b""#, "SELECT $$;$$", "SELECT $x$ $$;$x $x$", "SELECT (1;2)",
                ]
        )
    }

    @Test func backslashesInPlainStringsAreOnlyCharacters() throws {
        #expect(try statements(#"SELECT '\'; SELECT 'it''s;';"#) == [#"SELECT '\'"#, "SELECT 'it''s;'"])
    }

    @Test func backslashesInEscapeStringsHideQuotes() throws {
        #expect(
            try statements(#"SELECT E'\';'; SELECT e'a\\'; SELECT name'\'; SELECT E'''\';';"#)
                == [#"SELECT E'\';'"#, #"SELECT e'a\\'"#, #"SELECT name'\'"#, #"SELECT E'''\';'"#]
        )
    }

    @Test func anEscapeStringContinuesAfterALineBreak() throws {
        #expect(
            try statements("SELECT E'a' -- why\n  '\\';' ; SELECT E'a' '\\'; SELECT 2")
                == ["SELECT E'a' -- why\n  '\\';' ", "SELECT E'a' '\\'", "SELECT 2"]
        )
    }

    /// For PostgreSQL a single carriage return also ends a line.
    @Test func aCommentEndsAtACarriageReturn() throws {
        #expect(try statements("SELECT 1 -- one\r; SELECT 2;") == ["SELECT 1 -- one\r", "SELECT 2"])
        #expect(try statements("-- one\rSELECT 1;-- two\r\nSELECT 2") == ["SELECT 1", "SELECT 2"])
        #expect(
            try statements("SELECT E'a' -- why\r  '\\';' ; SELECT 2") == ["SELECT E'a' -- why\r  '\\';' ", "SELECT 2"]
        )
        #expect(try statements("-- SET\rSET standard_conforming_strings = off; SELECT '\\';'").count == 2)
    }

    @Test func nonStandardStringsAreHonouredWhileTheyAreSet() throws {
        #expect(
            try statements(
                #"""
                SET standard_conforming_strings = off; SELECT '\';'; SET standard_conforming_strings TO 'on';
                SELECT '\'; SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false); SELECT '\';';
                RESET standard_conforming_strings; SELECT '\';
                """#
            ) == [
                "SET standard_conforming_strings = off", #"SELECT '\';'"#,
                "SET standard_conforming_strings TO 'on'", #"SELECT '\'"#,
                "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false)", #"SELECT '\';'"#,
                "RESET standard_conforming_strings", #"SELECT '\'"#,
            ]
        )
    }

    @Test func dollarsInNamesAndParametersBeginNoQuotation() throws {
        #expect(
            try statements("SELECT a$b$c; SELECT $1; SELECT $1$2; SELECT $tag; SELECT 1 $")
                == ["SELECT a$b$c", "SELECT $1", "SELECT $1$2", "SELECT $tag", "SELECT 1 $"]
        )
        #expect(try statements("SELECT $é$;$é$; SELECT $a$$a;$a$") == ["SELECT $é$;$é$", "SELECT $a$$a;$a$"])
    }

    @Test func commentsHoldNoStatements() throws {
        #expect(
            try statements("-- a;\n/* b; /* c; */ d; */ SELECT 1 -- e; 'f\n + 2 /* g;' */; -- h\n")
                == ["SELECT 1 -- e; 'f\n + 2 /* g;' */"]
        )
    }

    @Test func minusAndDivisionAreNotComments() throws {
        #expect(try statements("SELECT 1 - -1; SELECT 4 / 2 * 1;") == ["SELECT 1 - -1", "SELECT 4 / 2 * 1"])
    }

    @Test func bodiesOfSQLRoutinesAreOneStatement() throws {
        let routine = """
            CREATE OR REPLACE FUNCTION f(a integer) RETURNS integer
            BEGIN ATOMIC
             SELECT CASE WHEN a > 1 THEN 1 ELSE (CASE a WHEN 0 THEN 2 END) END;
             SELECT CASE a WHEN 1 THEN 2 END;
            END
            """
        let procedure = "create procedure p() begin atomic select 1; end"
        #expect(try statements("\(routine);\n\(procedure); BEGIN; END;") == [routine, procedure, "BEGIN", "END"])
    }

    @Test func aFunctionOfAnotherStatementHasNoBody() throws {
        #expect(
            try statements(
                "DROP FUNCTION begin; ALTER FUNCTION f() RENAME TO begin; CREATE TABLE begin (a int); SELECT 1"
            )
                == [
                    "DROP FUNCTION begin", "ALTER FUNCTION f() RENAME TO begin", "CREATE TABLE begin (a int)",
                    "SELECT 1",
                ]
        )
    }

    @Test func emptyStatementsAndAMissingLastSemicolonAreFine() throws {
        #expect(try pieces(";;\n ; SELECT 1 \n\n") == [.statement("SELECT 1", 2)])
        #expect(try pieces("") == [])
        #expect(try pieces(" \n-- nothing") == [])
    }

    @Test func linesAreThoseOfTheFirstByte() throws {
        let text = "-- one\n\nSELECT\n'\n\n';\r\n  SELECT 2; SELECT 3;\n/* x\n */ SELECT $$\n$$;\nSELECT 4"
        #expect(
            try pieces(text) == [
                .statement("SELECT\n'\n\n'", 3), .statement("SELECT 2", 7), .statement("SELECT 3", 7),
                .statement("SELECT $$\n$$", 9), .statement("SELECT 4", 11),
            ]
        )
    }

    @Test func aByteOrderMarkIsPassedOver() throws {
        #expect(try pieces([0xEF, 0xBB, 0xBF] + Array("SELECT 1;".utf8)) == [.statement("SELECT 1", 1)])
    }
}

@Suite struct MetaCommandTests {
    @Test func metaCommandsAreNamedWithTheirLine() throws {
        #expect(
            try pieces("\\restrict abc\nSELECT 1;\n\\connect - other\r\n\\unrestrict abc\n\\!\n\\.") == [
                .meta("restrict", 1), .statement("SELECT 1", 2), .meta("connect", 3), .meta("unrestrict", 4),
                .meta("!", 5), .meta(".", 6),
            ]
        )
    }

    @Test func aMetaCommandMayStandAnywhereOutsideOfLiterals() throws {
        #expect(
            try pieces("SELECT 1\n\\gexec\n; SELECT '\\g', \"\\g\", $$\\g$$ /* \\g */ -- \\g\n") == [
                .meta("gexec", 2), .statement("SELECT 1\n      \n", 1),
                .statement("SELECT '\\g', \"\\g\", $$\\g$$ /* \\g */ -- \\g", 3),
            ]
        )
    }

    @Test func severalMetaCommandsOnALineAreAllSeen() throws {
        #expect(
            try pieces("\\restrict a \\! rm\n\\a \\\\ SELECT 1;\n")
                == [.meta("restrict", 1), .meta("!", 1), .meta("a", 2), .statement("SELECT 1", 2)]
        )
    }
}

@Suite struct CopyDataTests {
    @Test func rowsEndAtTheirMark() throws {
        #expect(
            try pieces("COPY t (a, b) FROM stdin;\n1\t;'\n\\N\t\\\\.\n\\.\nSELECT 1;") == [
                .copy("COPY t (a, b) FROM stdin", 1, rows: "1\t;'\n\\N\t\\\\.\n"), .statement("SELECT 1", 5),
            ]
        )
    }

    @Test func aCopyMayHaveNoRowsAndTheFileMayEndAtTheMark() throws {
        #expect(try pieces("COPY t FROM stdin;\n\\.\n") == [.copy("COPY t FROM stdin", 1, rows: "")])
        #expect(try pieces("COPY t FROM stdin;\n\\.") == [.copy("COPY t FROM stdin", 1, rows: "")])
        #expect(try pieces("COPY t FROM stdin;\na\n\\.") == [.copy("COPY t FROM stdin", 1, rows: "a\n")])
    }

    @Test func copyIsRecognizedInEverySpelling() throws {
        let spellings = [
            "copy \"from\".\"a;b\" (\"stdin\") from STDIN with (format csv)",
            "COPY/* x */t FROM/**/Stdin DELIMITER ','",
            "COPY t -- c\nFROM\nstdin",
        ]
        for spelling in spellings {
            let line = spelling.contains("\n") ? 5 : 3
            #expect(
                try pieces("\(spelling); \r\nx\r\n\\.\r\nSELECT 1")
                    == [.copy(spelling, 1, rows: "x\r\n"), .statement("SELECT 1", line + 1)]
            )
        }
    }

    @Test func otherCopiesHaveNoRows() throws {
        let others = [
            "COPY t TO stdout", "COPY t FROM '/a'", "COPY (SELECT a FROM stdin) TO stdout", "SELECT a FROM stdin",
        ]
        for other in others {
            #expect(try pieces("\(other);\nSELECT 1") == [.statement(other, 1), .statement("SELECT 1", 2)])
        }
    }

    @Test func linesAreCountedThroughRows() throws {
        let rows = String(repeating: "some text\n", count: 1000)
        #expect(
            try pieces("\n\nCOPY t\nFROM stdin;\n\(rows)\\.\n\nSELECT 1;", buffer: 64) == [
                .copy("COPY t\nFROM stdin", 3, rows: rows), .statement("SELECT 1", 1007),
            ]
        )
    }

    @Test func theFirstRowHasALine() throws {
        var script = script(Array("SELECT 1;\nCOPY t\nFROM stdin;\na\n\\.\n".utf8))
        #expect(try script.next() == .statement(Array("SELECT 1".utf8), line: 1))
        #expect(try script.next() == .copy(statement: Array("COPY t\nFROM stdin".utf8), line: 2))
        #expect(script.firstRowLine == 4)
    }

    @Test func rowsThatAreNotPulledArePassedOver() throws {
        var script = script(Array("COPY t FROM stdin;\na\n\\.\nSELECT 1".utf8))
        _ = try script.next()
        #expect(try script.next() == .statement(Array("SELECT 1".utf8), line: 4))
    }

    @Test func slabsAreAsLargeAsTheBuffer() throws {
        let rows = String(repeating: "0123456789\n", count: 10_000)
        var script = script(Array("COPY t FROM stdin;\n\(rows)\\.\n".utf8), buffer: 16_384)
        _ = try script.next()
        var slabs: [Int] = []
        while try script.nextCopyData({ slabs.append($0.count) }) {}
        #expect(slabs.reduce(0, +) == 110_000)
        #expect(slabs.count <= 8)
    }
}

@Suite struct BrokenScriptTests {
    @Test func unterminatedTextIsReportedWithItsFirstLine() {
        let cases: [(String, Int, String)] = [
            ("SELECT 1;\nSELECT\n 'a\n;", 3, "a string"), ("SELECT\nE'a\\'\n;", 2, "a string"),
            ("\nSELECT \"a;\n", 2, "a quoted name"), ("SELECT 1,\n$x$ a $y$\n", 2, "a dollar-quoted string"),
            ("SELECT 1\n\n/* /* */ ;", 3, "a comment"), ("SELECT 1;\n\n/* a\n", 3, "a comment"),
        ]
        for (text, line, what) in cases {
            for buffer in [1, 7, 1 << 20] {
                let error = failure(text, buffer: buffer)
                #expect(error?.code == .unterminated)
                #expect(error?.line == line, "\(text)")
                #expect(error?.message == "\(what) that begins here does not end")
            }
        }
    }

    @Test func rowsWithoutAnEndAreAnError() {
        let error = failure("SELECT 1;\nCOPY t FROM stdin;\na\nb\n")
        #expect(error?.line == 5)
        #expect(error?.message == "the text ends within the rows of the COPY of line 2")
        #expect(failure("COPY t FROM stdin;")?.message == "the text ends within the rows of the COPY of line 1")
        #expect(failure("COPY t FROM stdin;\n\\")?.code == .unterminated)
        #expect(failure("COPY t FROM stdin;\na\\.\n")?.code == .unterminated)
    }

    @Test func textBehindACopyIsAnError() {
        let error = failure("SELECT 1;\nCOPY t FROM stdin; SELECT 2;\na\n\\.\n")
        #expect(error?.code == .misplaced)
        #expect(error?.line == 2)
    }

    @Test func aNULByteIsAnError() {
        #expect(failure("SELECT 1;\nSELECT\n'\0';")?.line == 3)
        #expect(failure("SELECT 1;\nSELECT\n'\0';")?.code == .notText)
    }

    @Test func otherFormatsAreNamed() throws {
        #expect(failure("PGDMP\u{1}\u{e}")?.hint == "convert it to SQL with pg_restore --file=OUT.sql")
        #expect(throws: SQLTextError.self) { try pieces([0xFF, 0xFE, 0x53, 0x00]) }
    }

    @Test func aStatementMayBeAsLongAsTheLimitAndNoLonger() throws {
        let inside = Array(("SELECT 1;\n" + String(repeating: "x", count: 99) + ";").utf8)
        var fits = script(inside, buffer: 16, limit: 100)
        _ = try fits.next()
        #expect(try fits.next() == .statement(Array(repeating: UInt8(ascii: "x"), count: 99), line: 2))
        let outside = Array(("SELECT 1;\n" + String(repeating: "x", count: 100) + ";").utf8)
        var passes = script(outside, buffer: 16, limit: 100)
        _ = try passes.next()
        let error = #expect(throws: SQLTextError.self) { try passes.next() }
        #expect(error?.code == .tooLong)
        #expect(error?.line == 2)
    }

    @Test func errorsOfTheSourceComeThrough() {
        struct Broken: Error {}
        var script = DumpScript { _ in throw Broken() }
        #expect(throws: Broken.self) { try script.next() }
    }
}
