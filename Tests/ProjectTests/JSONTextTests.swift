import Testing

@testable import Project

@Suite struct JSONTextTests {
    private func message(_ text: String) -> String? {
        do {
            _ = try JSONText(Array(text.utf8), path: "x.json")
            return nil
        } catch { return error.description }
    }

    @Test func valuesKnowWhereTheyStand() throws {
        let bytes = Array("{\n  \"a\": [1, \"zwei\"],\n  \"b\": {\"c\": null}\n}\n".utf8)
        let root = try JSONText(bytes, path: "x.json").root
        let a = try #require(root["a"])
        #expect(a.line == 2)
        #expect(String(decoding: bytes[a.range], as: UTF8.self) == "[1, \"zwei\"]")
        #expect(try a.elements()[1].text() == "zwei")
        #expect(try a.elements()[1].trail == "a[1]")
        let members = try root.members()
        #expect(members.map(\.key) == ["a", "b"])
        #expect(members.map(\.line) == [2, 3])
        #expect(try members[1].value.members()[0].value.trail == "b.c")
        #expect(root["b"]?["c"] == nil)
    }

    /// If each had a text of its own, the trails of a small file could exceed the memory.
    @Test func trailsShareWhatTheyHaveInCommonAndCutLongKeys() throws {
        let key = String(repeating: "k", count: 10_000)
        let root = try JSONText(Array("{\"\(key)\": [1, 2, {\"a\": 3}]}".utf8), path: "x").root
        let elements = try root.members()[0].value.elements()
        let parent = try #require(elements[0].way.before)
        #expect(elements[1].way.before === parent)
        #expect(try elements[2].members()[0].value.way.before === elements[2].way)
        #expect(elements[0].trail == String(repeating: "k", count: 80) + "…[0]")
    }

    @Test(arguments: [
        (#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "a\"\\/\u{8}\u{c}\n\r\té😀"), (#""""#, ""), ("\"é😀\"", "é😀"),
    ])
    func textsAreReadAsRFC8259HasThem(_ text: String, _ value: String) throws {
        #expect(try JSONText(Array(text.utf8), path: "x").root.text() == value)
    }

    @Test(arguments: ["0", "-0", "10", "1.5", "-1.5e+10", "1E-3"]) func numbersStayAsTheyAreWritten(
        _ text: String
    ) throws {
        guard case .number(let digits) = try JSONText(Array(text.utf8), path: "x").root.value else {
            Issue.record("not a number")
            return
        }
        #expect(digits == text)
    }

    @Test(arguments: [
        ("", "x.json:1:1: "), ("{", "x.json:1:2: "), ("[1,]", "x.json:1:4: "), ("{\"a\" 1}", "x.json:1:6: "),
        ("{\n\"a\": 1,\n}", "x.json:3:1: "),
        ("01", "x.json:1:2: "), ("1.", "x.json:1:3: "), ("1e", "x.json:1:3: "), ("-", "x.json:1:2: "),
        ("\"\\x\"", "x.json:1:4: "), ("\"\n\"", "x.json:1:2: "),
        ("\"abc", "x.json:1:5: "), ("\"\\ud800\"", "x.json:1:8: "), ("nul", "x.json:1:1: "), ("1 2", "x.json:1:3: "),
        ("{\"a\":1,\"a\":2}", "x.json:1:11: the key a occurs twice"),
        (#""\u0000""#, "x.json:1:8: a text must not contain the character U+0000"),
        (#""\u-000""#, "x.json:1:4: \\u needs four hexadecimal digits"),
        (#""\u+041""#, "x.json:1:4: "), (#""\u00 1""#, "x.json:1:4: "), (#""\u00e""#, "x.json:1:4: "),
        // Columns are counted in characters, not bytes.
        ("[\"äö€😀\", x]", "x.json:1:10: "), ("\u{FEFF}[x]", "x.json:1:2: "),
        ("{a:1}", "x.json:1:2: "), ("// no\n1", "x.json:1:1: "),
    ])
    func errorsHaveLineAndColumn(_ text: String, _ start: String) {
        let message = message(text)
        #expect(message?.hasPrefix(start) == true, "\(message ?? "no error")")
    }

    /// An earlier version compared each key with all keys before it.
    @Test func manyKeysTakeNoMoreTimeEachThanFew() {
        let keys = (0..<200_000).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(message("{\(keys)}") == nil)
        #expect(message("{\(keys),\"k7\":1}")?.hasSuffix("the key k7 occurs twice") == true)
    }

    @Test func theHintForARepeatedKeySaysWhatToDo() {
        let error = #expect(throws: EnvironmentsError.self) { try JSONText(Array("{\"a\":1,\"a\":2}".utf8), path: "x") }
        #expect(error?.hint == "keep one of the two entries")
    }

    @Test func depthIsBounded() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(message(nested(200)) == nil)
        #expect(message(nested(201))?.contains("nested more than 200 deep") == true)
        #expect(message(nested(100_000)) != nil)
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: EnvironmentsError.self) { try JSONText([0x22, 0xff, 0x22], path: "x") }
    }

    @Test func aWrongTypeNamesItsPlaceAndWhatWasExpected() throws {
        let root = try JSONText(Array("{\n\"a\": {\"b\": 1}}".utf8), path: "m/x.json").root
        let error = #expect(throws: EnvironmentsError.self) { try root["a"]!["b"]!.text() }
        #expect(error?.description == "m/x.json:2: a.b is a number and not text")
    }
}
