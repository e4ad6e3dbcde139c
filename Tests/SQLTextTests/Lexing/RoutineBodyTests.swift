import SQLText
import Testing

@Suite struct RoutineBodyTests {
    @Test(arguments: [
        ("DO $$\nBEGIN\nEND $$", "\nBEGIN\nEND ", 7), ("DO LANGUAGE 'plpgsql' $x$ a $x$", " a ", 7),
        ("DO 'a b'", "a b", 7), ("CREATE FUNCTION f(a text DEFAULT 'x')\n AS $$b$$ LANGUAGE sql", "b", 8),
        ("CREATE PROCEDURE p() LANGUAGE 'sql' AS\n -- c\n 'b'", "b", 9),
    ])
    func itIsFoundWithItsLine(statement: String, text: String, line: Int) throws {
        let body = try #require(RoutineBody(in: statement, line: 7, column: 1))
        #expect(body.text == text)
        #expect(body.line == line)
    }

    @Test(arguments: ["SELECT 'a' AS b", "CREATE FUNCTION f() RETURNS int RETURN 1", "CREATE VIEW v AS SELECT 'x'"])
    func otherStatementsHaveNone(statement: String) {
        #expect(RoutineBody(in: statement, line: 1, column: 1) == nil)
    }

    @Test func aQueryInItHasAPlaceInTheFile() throws {
        let body = try #require(
            RoutineBody(in: "DO $$\nBEGIN\n  SELECT ü, x;\n  SELECT ü, x;\nEND $$", line: 3, column: 5)
        )
        let place = body.place(of: "SELECT ü, x", character: 11, from: 4)
        #expect(place?.line == 6 && place?.column == 13)
        let first = body.place(of: "SELECT ü, x", character: nil, from: 1)
        #expect(first?.line == 5 && first?.column == 3)
        #expect(body.place(of: "DELETE", character: 1, from: 1) == nil)
        #expect(body.place(of: "SELECT ü, x", character: 1, from: 9) == nil)
    }
}
