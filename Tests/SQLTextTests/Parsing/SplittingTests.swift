import SQLText
import TestSupport
import Testing

@Suite struct SplittingTests {
    @Test func unparsableStatementsKeepTheirPlaceAmongOthers() throws {
        let script = try SQLScript(
            splitting: """
                CREATE TABLE a (id int);
                ALTER TABLE a ADD CONSTRAINT c NOT NULL id NO INHERIT; -- of a newer server
                CREATE INDEX ON a (id);
                """
        )
        #expect(script.statements.map { $0.tree != nil } == [true, false, true])
        #expect(script.unparsed.map(\.line) == [2])
        let unknown = script.statements[1]
        #expect(unknown.tag == "ALTER TABLE")
        #expect(unknown.syntaxError?.line == 2)
        #expect(unknown.syntaxError?.column == 32)
        #expect(unknown.trailingComment == "-- of a newer server")
        let effects = StatementEffects(of: unknown)
        #expect(!effects.isParsed)
        #expect(effects.risk == .medium)
        #expect(effects.touches.isEmpty)
        // Positions are relative to the script, not to the statement.
        let index = StatementEffects(of: script.statements[2]).touches[0]
        #expect(script.place(ofOffset: index.offset ?? 0) == (3, 17))
    }

    @Test func parsableTextIsSplitByTheParser() throws {
        let text = "CREATE PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3"
        try #expect(SQLScript(splitting: text).statements.count == 2)
        // The scanner does the same if a later statement cannot be parsed.
        try #expect(SQLScript(splitting: text + "; SELEC 4").statements.count == 3)
    }

    @Test func commandsOfPsqlAreFoundAndNotThoseInStrings() throws {
        let text = """
            \\set ON_ERROR_STOP on
            SELECT '\\a', $$ \\b $$, E'\\\\', "\\c" /* \\d */; -- \\e
            SELECT 1 \\gset x_
            SELECT 2;
              \\i other.sql
            """
        #expect(throws: SQLTextError.self) { try SQLScript(text) }
        let commands = try SQLScript.metaCommands(in: text)
        #expect(commands.map(\.name) == ["set", "gset", "i"])
        #expect(commands.map(\.line) == [1, 3, 5])
        let script = try SQLScript(splitting: text)
        #expect(script.metaCommands == commands)
        #expect(script.statements.map(\.line) == [2, 3, 4])
        try #expect(SQLScript.metaCommands(in: "SELECT '\\a'") == [])
        try #expect(SQLScript.metaCommands(in: "SELECT 1") == [])
    }

    @Test func theErrorForAPsqlCommandNamesIt() {
        let error = #expect(throws: SQLTextError.self) { try SQLScript("\\connect x") }
        #expect(error?.near == "\\")
        #expect(error?.hint?.contains("psql") == true)
    }

    @Test(arguments: ["SELECT 'a' -- why\n'b';", "\\x\nSELECT 'a'\n  -- ü\n-- w\n  'b'; SELECT 1;"])
    func aCommentMayStandBetweenTwoPartsOfAString(text: String) throws {
        let script = try SQLScript(splitting: text)
        #expect(script.unparsed.isEmpty)
        #expect(script.statements[0].tree?.descendants(ofKind: "A_Const").first?.string == "ab")
    }

    @Test func anErrorBehindACommentKeepsItsPlace() throws {
        let script = try SQLScript(splitting: "SELECT 'a' -- ünlike\n'b', , 1;")
        #expect(script.statements[0].syntaxError?.line == 2)
    }

    @Test func rowsOfACopyAreNotTakenForStatements() throws {
        let script = try SQLScript(
            splitting: "COPY t FROM stdin;\n1\tit's; DROP TABLE x;\n\\N\t\\.\n\\.\nSELECT 1;\nCOPY t FROM stdin;\n2\n"
        )
        #expect(script.statements.map(\.text) == ["COPY t FROM stdin", "SELECT 1", "COPY t FROM stdin"])
        #expect(script.statements.map(\.line) == [1, 5, 6])
        #expect(script.statements[0].readsRowsFromClient)
        let rows = script.statements.map { $0.rows?.withBytes { String(decoding: $0, as: UTF8.self) } }
        #expect(rows == ["1\tit's; DROP TABLE x;\n\\N\t\\.\n", nil, "2\n"])
        #expect(script.statements.map { $0.rows?.isEnded } == [true, nil, false])
        #expect(script.statements.map { $0.rows?.line } == [2, nil, 7])
        #expect(script.metaCommands == [])
    }

    /// For example a statement, which would count as part of the line before the rows.
    @Test(arguments: ["SELECT 1;", "/* begins", "1\t2", "/* a */ DROP TABLE u;"])
    func textBehindACopyIsAnError(text: String) {
        let error = #expect(throws: SQLTextError.self) {
            try SQLScript(splitting: "SELECT 0;\nCOPY t FROM stdin; \(text)\n1\t2\n\\.\n")
        }
        #expect(error?.code == .misplaced)
        #expect(error?.line == 2)
    }

    @Test func textBehindACopyIsNotAComment() throws {
        for comment in ["-- one", "/* one */ -- two", "", " \r"] {
            let script = try SQLScript(splitting: "COPY t FROM stdin; \(comment)\n1\n\\.\nSELECT 1;\n")
            #expect(script.statements.map(\.tag) == ["COPY", "SELECT"])
            #expect(script.statements[0].rows?.withBytes { String(decoding: $0, as: UTF8.self) } == "1\n")
        }
    }

    @Test func unterminatedTextIsAnErrorWithItsPlace() {
        for (text, line) in [("SELECT 1;\nSELECT 'x", 2), ("\n/* /* */ SELECT 1", 2), ("SELECT $a$ $b$", 1)] {
            let error = #expect(throws: SQLTextError.self) { try SQLScript(splitting: text) }
            #expect(error?.code == .unterminated)
            #expect(error?.line == line)
        }
    }

    /// Statements keep all their bytes, whatever is between them. Between them are only blanks, comments and
    /// semicolons.
    @Test(arguments: [true, false]) func splittingLosesNoByte(_ isKnown: Bool) throws {
        let statements = [
            "SELECT 1", "SELECT ';''' || E'\\';' AS \"a;\"\"b\"", "DO $x$ BEGIN; $$ END $x$",
            "SELECT 'é😀\n;' -- ;\n, 2",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END", "SELECT (1) /* ; /* */ ; */ + 2",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)", "UPDATE \"ü\" SET a = $$;$$",
            "INSERT INTO t VALUES (U&'\\0061;', B'1', X'f', 1.5e3)",
        ]
        let gaps = [";", ";\n", "; -- c ; '\n", ";/* ' ; /* \" */ */", ";;\r\n\t;", "; /**/\n--\n"]
        var random = seededRandom()
        for _ in 0..<200 {
            var chosen = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                statements.randomElement(using: &random)!
            }
            if !isKnown { chosen.append("SELEC 1") }
            let text = chosen.map { $0 + gaps.randomElement(using: &random)! }.joined()
            let script = try SQLScript(splitting: text)
            #expect(script.statements.map(\.text) == chosen, "\(text)")
            let bytes = Array(text.utf8)
            var covered = 0
            for statement in script.statements {
                try #expect(
                    SQLScript(String(decoding: bytes[covered..<statement.offset], as: UTF8.self)).statements.isEmpty
                )
                covered = statement.range.upperBound
            }
            try #expect(SQLScript(String(decoding: bytes[covered...], as: UTF8.self)).statements.isEmpty)
        }
    }
}
