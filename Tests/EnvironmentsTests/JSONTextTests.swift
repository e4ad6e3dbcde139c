import Environments
import TestSupport
import Testing

@Suite struct JSONTextTests {
    private func parse(_ text: String) throws -> JSONText { try JSONText(Array(text.utf8), path: "f.json") }

    @Test func everyKindOfValueIsReadWithItsPlace() throws {
        let text = try parse(
            """
            {
              "äö": {"list": [1, -2.50e+3, true]},
              "text": "a\\u00e9\\n\\"\\ud83d\\ude00", "none": null
            }
            """
        )
        let root = try text.root.object()
        #expect(root.keys == ["äö", "text", "none"])
        #expect(root.members.map { $0.keyPlace.description } == ["f.json:2:3", "f.json:3:3", "f.json:3:38"])
        let list = try #require(try root["äö"]?.object()["list"])
        // A letter of two bytes is one column.
        #expect(list.place.description == "f.json:2:18")
        #expect(list.keyPath == "äö.list")
        let elements = try list.array()
        #expect(elements.map(\.place.column) == [19, 22, 32])
        #expect(elements.map(\.keyPath) == ["äö.list[0]", "äö.list[1]", "äö.list[2]"])
        try #expect(elements[0].int() == 1)
        guard case .number(let number) = elements[1].content else {
            Issue.record("not a number")
            return
        }
        #expect(number == "-2.50e+3")
        try #expect(elements[2].bool())
        try #expect(root["text"]?.string() == "aé\n\"😀")
        #expect(root["none"] == nil)
        #expect(root.member("none")?.value.isNull == true)
        #expect(root.member("missing") == nil)
    }

    @Test func rangesCoverTheTextOfAValueAndOfItsKey() throws {
        let text = try parse("\u{FEFF} {\"é\" : [ 1 , {\"b\":\"c\\\"d\"} ] , \"z\":-0.5}")
        let root = try text.root.object()
        #expect(text.source(of: root.members[0].value) == "[ 1 , {\"b\":\"c\\\"d\"} ]")
        #expect(text.source(of: root.members[1].value) == "-0.5")
        #expect(String(decoding: text.bytes[root.members[0].keyRange], as: UTF8.self) == "\"é\"")
        // Behind the byte order mark comes column 1.
        #expect(text.root.place == TextPlace(file: "f.json", line: 1, column: 2))
    }

    @Test(arguments: ["{}", "[]", "\"\"", "0", "-0", "1.5", "10E-2", "true", "false", "null", " \r\n\t[ ]\n"])
    func smallDocumentsAreRead(_ document: String) throws {
        _ = try parse(document)
    }

    static let mistakes: [(String, String)] = [
        ("", "f.json:1:1: the file is empty"),
        ("  \n ", "f.json:2:2: the file is empty"),
        ("{} x", "f.json:1:4: text follows the end of the value"),
        ("{\"a\":1,}", "f.json:1:7: a comma stands before the }"),
        ("[1,\n 2 ,\n]", "f.json:2:4: a comma stands before the ]"),
        ("[1 2]", "f.json:1:4: a comma or ] is expected"),
        ("{\"a\" 1}", "f.json:1:6: a colon is expected after the key a"),
        ("{a:1}", "f.json:1:2: a key in double quotes is expected"),
        ("{'a':1}", "f.json:1:2: a key in double quotes is expected"),
        ("{\"a\":\n1, // why\n\"b\":2}", "f.json:2:4: a comment stands here"),
        ("# why\n{}", "f.json:1:1: a comment stands here"),
        ("{\"a\":1", "f.json:1:7: the file ends within what begins at line 1"),
        ("[\n[1,2]", "f.json:2:6: the file ends within what begins at line 1"),
        ("[1,", "f.json:1:4: the file ends where a value is expected"),
        ("{\"a\":", "f.json:1:6: the file ends where a value is expected"),
        ("\"abc", "f.json:1:5: the file ends within the string that begins at line 1"),
        ("\"a\nb\"", "f.json:1:3: a string goes on over the end of its line"),
        ("\"a\tb\"", "f.json:1:3: a control character stands in a string"),
        ("\"\\x\"", "f.json:1:2: a backslash stands before a character that it cannot escape"),
        ("\"\\u12g4\"", "f.json:1:2: \\u is not followed by four hexadecimal digits"),
        ("\"\\ud83d\"", "f.json:1:2: \\u names one half of a surrogate pair without the other"),
        ("\"\\ud83d\\u0041\"", "f.json:1:2: \\u names one half of a surrogate pair without the other"),
        ("\"\\ude00\"", "f.json:1:2: \\u names one half of a surrogate pair without the other"),
        ("\"\\u0000\"", "f.json:1:2: a string holds the character NUL"),
        ("[01]", "f.json:1:2: this is not a number as JSON has it"),
        ("[1.]", "f.json:1:2: this is not a number as JSON has it"),
        ("[-]", "f.json:1:2: this is not a number as JSON has it"),
        ("[1e]", "f.json:1:2: this is not a number as JSON has it"),
        ("[.5]", "f.json:1:2: a value is expected"),
        ("[+1]", "f.json:1:2: a value is expected"),
        ("[True]", "f.json:1:2: a value is expected"),
        ("[nullx]", "f.json:1:2: a value is expected"),
        ("[NaN]", "f.json:1:2: a value is expected"),
        (
            "{\"a\":1,\n \"b\":2,\n \"a\":3}",
            "f.json:3:2: the key a stands twice in one object, first in line 1"
        ),
        ("{\"a\":1,\"\\u0061\":3}", "f.json:1:8: the key a stands twice in one object, first in line 1"),
    ]

    @Test(arguments: mistakes)
    func mistakesAreToldByTheirPlace(_ document: String, _ expected: String) throws {
        #expect(message { _ = try parse(document) } == expected)
    }

    @Test func everyMistakeHasAHint() throws {
        for (document, _) in Self.mistakes {
            let error = #expect(throws: EnvironmentsError.self) { _ = try parse(document) }
            #expect(error?.code == .invalidFile)
            #expect(error?.hint?.isEmpty == false)
        }
    }

    @Test func theSameKeyInTwoObjectsIsFine() throws {
        _ = try parse("{\"a\":{\"a\":1},\"b\":{\"a\":2}}")
    }

    @Test func depthHasALimit() throws {
        let limit = JSONText.depthLimit
        _ = try parse(String(repeating: "[", count: limit) + String(repeating: "]", count: limit))
        let deeper = String(repeating: "[", count: limit + 1) + String(repeating: "]", count: limit + 1)
        #expect(message { _ = try parse(deeper) } == "f.json:1:65: values stand more than 64 deep in each other")
        // Far deeper than any stack.
        #expect(throws: EnvironmentsError.self) { _ = try parse(String(repeating: "{\"a\":", count: 200_000)) }
    }

    @Test func bytesThatAreNotUTF8AreToldByTheirPlace() throws {
        let bytes = Array("{\"a\":\n \"é".utf8) + [0xFF, 0x22, 0x7D]
        #expect(
            message { _ = try JSONText(bytes, path: "f.json") } == "f.json:2:4: the file has bytes that are not UTF-8"
        )
        #expect(
            message { _ = try JSONText([0xFF, 0xFE, 0x7B, 0], path: "f.json") } == "f.json:1:1: the file is UTF-16"
        )
    }

    @Test func accessorsNameThePlaceTheKeysAndTheKind() throws {
        let root = try parse("{\"a\": {\"b\": [\n 1.5, \"x\"]}}").root
        let list = try #require(try root.object()["a"]?.object()["b"])
        #expect(message { _ = try list.object() } == "f.json:1:13: a.b must be an object, { … }, and it is an array")
        #expect(
            message { _ = try list.strings() }
                == "f.json:2:2: a.b[0] must be a string in double quotes, and it is a number with a fraction, an exponent "
                + "or too many digits"
        )
        #expect(
            message { _ = try list.array()[1].bool() }
                == "f.json:2:7: a.b[1] must be true or false, without quotes, and it is a string"
        )
        #expect(message { _ = try root.array() } == "f.json:1:1: the file must be an array, [ … ], and it is an object")
    }

    @Test func numbersKeepWhatIsWritten() throws {
        try #expect(parse("9223372036854775807").root.int() == Int.max)
        #expect(throws: EnvironmentsError.self) { _ = try parse("9223372036854775808").root.int() }
        #expect(throws: EnvironmentsError.self) { _ = try parse("1e3").root.int() }
    }

    @Test func filesThatCannotBeReadAreNamed() async throws {
        try await ScratchFolder.with { folder in
            let path = folder.file("none.json")
            #expect(message { _ = try JSONText(path: path) } == "\(path) cannot be read: No such file or directory")
            #expect(message { _ = try JSONText(path: folder.path) }.hasSuffix("cannot be read: Is a directory"))
        }
    }
}
