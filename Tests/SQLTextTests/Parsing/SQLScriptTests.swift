import SQLText
import Testing

@Suite struct SQLScriptTests {
    @Test func statementsHaveTheirPlaceInCharactersNotBytes() throws {
        let script = try SQLScript("SELECT 'é😀'; SELECT\r\n 2;\r\n\t-- größer\r\n\tUPDATE t SET a = 1")
        #expect(script.statements.map(\.text) == ["SELECT 'é😀'", "SELECT\r\n 2", "UPDATE t SET a = 1"])
        #expect(script.statements.map(\.line) == [1, 1, 4])
        #expect(script.statements.map(\.column) == [1, 14, 2])
        #expect(script.statements.map(\.offset) == [0, 17, 45])
        #expect(script.statements.map(\.tag) == ["SELECT", "SELECT", "UPDATE"])
        #expect(script.statements[1].firstLine == "SELECT")
        #expect(script.statements[2].leadingComments == ["-- größer"])
    }

    @Test func aByteOrderMarkIsPassedOver() throws {
        let script = try SQLScript("\u{FEFF}SELECT 1;\nSELECT a FROM t")
        #expect(script.statements.map(\.text) == ["SELECT 1", "SELECT a FROM t"])
        #expect(script.statements[0].column == 1)
        #expect(script.statements[0].offset == 3)
        let read = StatementEffects(of: script.statements[1]).touches[0]
        let offset = try #require(read.offset)
        #expect(script.place(ofOffset: offset) == (2, 15))
        let error = #expect(throws: SQLTextError.self) { try SQLScript("\u{FEFF}SELEC 1") }
        #expect(error?.column == 1)
        #expect(error?.offset == 3)
    }

    @Test func semicolonsInQuotationsBodiesAndCommentsSplitNothing() throws {
        let script = try SQLScript(
            """
            SELECT ';' || E'\\';' || U&'\\0061;' || $a$;$$;$a$ AS "x;y"; /* ; /* ; */ ; */
            CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; -- ;
            CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b);;
            ;
            """
        )
        #expect(script.statements.map(\.tag) == ["SELECT", "CREATE FUNCTION", "CREATE RULE"])
        #expect(script.statements.map(\.line) == [1, 2, 3])
    }

    @Test func commentsBelongToTheStatementTheyStandBeforeOrBehind() throws {
        let script = try SQLScript(
            """
            -- purpose
            /* more */
            SELECT 1; -- of the first
            -- granary: ignore x
            SELECT 2; /* of the second */
            SELECT 3 -- inside
            ;
            -- of nobody
            """
        )
        let statements = script.statements
        #expect(statements[0].leadingComments == ["-- purpose", "/* more */"])
        #expect(statements[0].trailingComment == "-- of the first")
        #expect(statements[1].leadingComments == ["-- granary: ignore x"])
        #expect(statements[1].trailingComment == "/* of the second */")
        #expect(statements[2].leadingComments == [])
        #expect(statements[2].text == "SELECT 3 -- inside")
        #expect(statements[2].trailingComment == nil)
    }

    @Test func aSyntaxErrorHasItsPlaceAndItsWord() {
        let error = #expect(throws: SQLTextError.self) {
            try SQLScript("SELECT 'größe';\r\nSELECT 'ü' FORM x y;\nSELECT 3")
        }
        #expect(error?.code == .syntax)
        #expect(error?.line == 2)
        #expect(error?.column == 17)
        #expect(error?.near == "x")
        #expect(error?.message == "syntax error at or near \"x\"")
        #expect(error?.description == "line 2, column 17: syntax error at or near \"x\"")
        let atEnd = #expect(throws: SQLTextError.self) { try SQLScript("SELECT 1;\nSELECT (") }
        #expect(atEnd?.message == "syntax error at end of input")
        #expect(atEnd?.line == 2)
        #expect(atEnd?.near == nil)
    }

    @Test func aScriptWithoutStatementsIsValid() throws {
        for text in ["", "  \n", "-- nothing to undo\n", "/* */;;", "\u{FEFF}"] {
            try #expect(SQLScript(text).statements.isEmpty)
            try #expect(SQLScript(splitting: text).statements.isEmpty)
        }
    }

    @Test func theTreeIsReadByTheNamesOfItsFields() throws {
        let statement = try SQLScript(#"ALTER TABLE s."T\x" ADD COLUMN a int, DROP COLUMN "ü" CASCADE"#).statements[0]
        let tree = try #require(statement.tree)
        #expect(tree.kind == "AlterTableStmt")
        #expect(tree["relation"]["relname"].string == #"T\x"#)
        #expect(tree["cmds"].items.count == 2)
        #expect(tree["cmds"].items.map { $0["subtype"].string } == ["AT_AddColumn", "AT_DropColumn"])
        #expect(tree["cmds"].items[1]["name"].string == "ü")
        #expect(tree["relation"].offset == 12)
        #expect(
            tree.descendants(ofKind: "ColumnDef").map { $0["typeName"]["names"].names } == [["pg_catalog", "int4"]]
        )
        #expect(!tree["none"]["of"]["these"].exists)
        #expect(tree["none"].items.isEmpty)
        #expect(tree["none"].kind == "")
    }

    @Test func textsComeOutOfTheTreeAsTheyWentIn() throws {
        let text = "tab\t, quote \", backslash \\, newline\n, control \u{01}, less <, ü 😀"
        let tree = try SQLScript("SELECT '\(text)'").statements[0].tree
        #expect(tree?.descendants(ofKind: "A_Const").first?.string == text)
    }

    @Test func rowsFromTheClientAreRecognised() throws {
        let script = try SQLScript("COPY t FROM STDIN; COPY t FROM '/x'; COPY t FROM PROGRAM 'x'; COPY t TO STDOUT")
        #expect(script.statements.map(\.readsRowsFromClient) == [true, false, false, false])
    }
}
