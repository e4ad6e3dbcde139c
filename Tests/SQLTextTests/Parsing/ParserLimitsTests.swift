import SQLText
import TestSupport
import Testing

@Suite struct ParserLimitsTests {
    @Test func deepNestingIsReadOrRefusedAndNeverEndsTheProcess() throws {
        func nested(_ count: Int) -> String {
            "SELECT " + String(repeating: "(", count: count) + "1" + String(repeating: ")", count: count)
        }
        try #expect(SQLScript(nested(9_000)).statements.count == 1)
        for count in [10_000, 210_000] {
            let error = #expect(throws: SQLTextError.self) { try SQLScript(nested(count)) }
            #expect(error?.code == .tooDeep, "\(count)")
            try #expect(SQLScript(splitting: nested(count)).statements[0].tree == nil)
        }
    }

    /// Chains can be parsed without recursion, but each link is a level of the tree.
    @Test(arguments: [
        ("SELECT 1", "+1"), ("SELECT 1", " UNION SELECT 1, 2"), ("SELECT x", "::int"), ("SELECT x", " IS NULL"),
        ("SELECT 1 FROM a", " JOIN b ON true"), ("SELECT 1 FROM a", " CROSS JOIN b"), ("SELECT x", " COLLATE a"),
        ("SELECT x", "||'it''s (, '"), ("SELECT x", "||E'\\''"),
    ])
    func longChainsAreReadOrRefusedAndNeverEndTheProcess(_ start: String, _ link: String) throws {
        // More levels than any thread's stack could hold without a larger stack.
        for count in [100, 10_000] {
            let script = try SQLScript(start + String(repeating: link, count: count))
            #expect(script.statements.count == 1)
            _ = StatementEffects(of: script.statements[0])
        }
        let error = #expect(throws: SQLTextError.self) {
            try SQLScript(start + String(repeating: link, count: 225_000))
        }
        #expect(error?.code == .tooDeep)
    }

    @Test func theLargerStackBearsAllThatTheLimitAllows() throws {
        try #expect(SQLScript("SELECT 1" + String(repeating: "+1", count: 190_000)).statements.count == 1)
    }

    @Test func largeTextsThatAreNotDeepAreRead() throws {
        let rows = (1...20_000).map { "(\($0), 'some text, with (parentheses) and ''quotes''')" }.joined(
            separator: ", "
        )
        let script = try SQLScript("INSERT INTO s.t VALUES \(rows);\nSELECT 1")
        #expect(script.statements.map(\.tag) == ["INSERT", "SELECT"])
        let body = String(repeating: "x := x + 1;\n", count: 20_000)
        try #expect(SQLScript("DO $a$ BEGIN \(body) END $a$").statements.count == 1)
    }

    /// For every text the reader returns statements, or an error with a place in the text.
    @Test func brokenTextsNeverEndTheProcess() throws {
        let known = GoldenEffectsTests.Part.allCases.map(\.text).flatMap(GoldenEffects.read).map(\.statement)
        let splinters = [
            "'", "\"", "$$", "(", ")", ";", "--", "/*", "*/", "\\", "E'", "\r", "é", "😀", ",", " IN ", "\n",
        ]
        var random = seededRandom()
        for _ in 0..<3_000 {
            var text = Array(known.randomElement(using: &random)!)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0...text.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: text.insert(contentsOf: splinters.randomElement(using: &random)!, at: place)
                case 1: text.removeSubrange(place..<min(text.count, place + 5))
                case 2: text += known.randomElement(using: &random)!.prefix(place)
                default: text.insert(contentsOf: text.suffix(place / 2), at: place)
                }
            }
            do {
                let script = try SQLScript(splitting: String(text))
                _ = ScriptEffects(of: script)
                for statement in script.statements {
                    #expect(!statement.text.isEmpty)
                    #expect(statement.tree != nil || !statement.tag.isEmpty)
                }
            } catch {
                #expect(error.code == .unterminated && error.line > 0, "\(String(text))")
            }
        }
    }

    @Test func aZeroByteIsRefusedAndCutsNothingOff() {
        for text in ["SELECT 1; \0 DROP TABLE t", "\0", "SELECT '\0'"] {
            for read in [{ try SQLScript(text) }, { try SQLScript(splitting: text) }] {
                let error = #expect(throws: SQLTextError.self) { try read() }
                #expect(error?.code == .notText)
                #expect(error?.column != nil)
            }
        }
    }

    @Test func manyTasksParseAtOnce() async throws {
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<32 {
                group.addTask {
                    var found = 0
                    for round in 0..<50 {
                        let name = "t_\(task)_\(round)"
                        let script = try SQLScript("CREATE TABLE s.\(name) (a int); SELECT 'é' FROM s.\(name)")
                        let names = script.statements.flatMap { StatementEffects(of: $0).touches.map(\.name) }
                        if names == [name, name] { found += 1 }
                        if (try? SQLScript("SELECT \(name) FROM FROM")) == nil { found += 1 }
                    }
                    return found
                }
            }
            var sum = 0
            for try await found in group { sum += found }
            return sum
        }
        #expect(count == 32 * 50 * 2)
    }
}
