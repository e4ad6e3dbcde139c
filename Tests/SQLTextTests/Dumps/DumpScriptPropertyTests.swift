import SQLText
import TestSupport
import Testing

@Suite struct DumpScriptPropertyTests {
    private static let tricky = [
        "SELECT 1", "SELECT ';'", "SELECT 'a''b;\n'", #"SELECT '\'"#, #"SELECT E'\\\';\n' "#, "SELECT E'a'\n'\\';'",
        "SELECT \"a\"\";b\"", "SELECT $$;'\"$$", "SELECT $a$ $b$;$b$ $ $a$", "SELECT $a$$a$", "SELECT a$a$ , b",
        "SELECT /* ; /* ' */ \" */ 1", "SELECT 1 -- ; '\n", "SELECT (1, (2; 3))", "SELECT 'ü;€', \"日本;\"",
        "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 'END' END; END",
        "create or replace procedure p() begin atomic insert into t values (';'); end",
        "CREATE FUNCTION g() AS $f$ BEGIN; CASE $f$ LANGUAGE sql",
        "INSERT INTO t VALUES (E'\\x', X'ab', B'1', U&'\\0041')",
        "SELECT 1::text || 'COPY t FROM stdin;'", "COMMENT ON TABLE t IS 'a\n\\.\nb'", "BEGIN", "END", "SELECT - 1 / 2",
    ]
    private static let rows = [
        "", "a\tb\n", "\\N\n", "\\\\.\n", "\\.x\n", "x\\.\n", ".\n", "\n", "\\\n", "\\.\r\r\n", "SELECT ';\n",
    ]
    private static let between = ["\n", " ", "\n\n", "\r\n", "-- a;'\n", "/* ; ' $$ */", ";", ""]

    @Test func joinedElementsAreSplitAgain() throws {
        var random = seededRandom()
        for _ in 0..<300 {
            var text = ""
            var expected: [Piece] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                text += Self.between.randomElement(using: &random)!
                let line = text.utf8.count { $0 == 0x0A } + 1
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    let count = Int.random(in: 0...8, using: &random)
                    let rows = (0..<count).map { _ in Self.rows.randomElement(using: &random)! }.joined()
                    text += "COPY t (a) FROM stdin;\n\(rows)\\.\n"
                    expected.append(.copy("COPY t (a) FROM stdin", line, rows: rows))
                case 1:
                    text += "\\restrict key\n"
                    expected.append(.meta("restrict", line))
                default:
                    let statement = Self.tricky.randomElement(using: &random)!
                    text += statement + ";"
                    expected.append(.statement(statement, line))
                }
            }
            let buffer = Int.random(in: 1...200, using: &random)
            let step = Int.random(in: 1...50, using: &random)
            let found = try pieces(text, buffer: buffer, step: step)
            try #require(found == expected, "buffer \(buffer), step \(step): \(text)")
        }
    }

    private static let parts = [
        "'", "''", "\"", "$$", "$a$", "E'", "\\", "\n", "\r\n", " ", "-", "--", "-- x\n", "/*", "*/", ";", "(", ")",
        "a",
        "é", "COPY t FROM stdin;\n", "a\tb\n", "\\.\n", "\\.", "BEGIN ATOMIC ", "END", "CREATE FUNCTION f() ",
        "SET standard_conforming_strings = off;", "\\restrict a\n", "-- PostgreSQL database dump\n",
    ]

    /// Also for invalid texts: the errors are the same.
    @Test func aTextThatComesInPiecesHasTheElementsOfTheWhole() throws {
        func elements(_ text: String, buffer: Int, step: Int) -> String {
            var script = script(Array(text.utf8), buffer: buffer, step: step)
            var elements = ""
            do {
                while let element = try script.next() {
                    elements += "\(element)\n"
                    var rows: [UInt8] = []
                    while try script.nextCopyData({ rows += $0 }) {}
                    elements += "\(rows)\n"
                }
            } catch {
                elements += "\(error)"
            }
            return elements + "\(script.marks.verdict)"
        }
        var random = seededRandom()
        for _ in 0..<2000 {
            let count = Int.random(in: 1...16, using: &random)
            let text = (0..<count).map { _ in Self.parts.randomElement(using: &random)! }.joined()
            let whole = elements(text, buffer: 1 << 12, step: .max)
            let buffer = Int.random(in: 1...30, using: &random)
            let step = Int.random(in: 1...9, using: &random)
            try #require(elements(text, buffer: buffer, step: step) == whole, "buffer \(buffer), step \(step): \(text)")
        }
    }
}
