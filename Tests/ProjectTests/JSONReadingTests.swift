import Basics
import Testing

@testable import Project

@Suite struct JSONReadingTests {
    private func root(_ text: String) throws -> JSONNode { try JSONText(Array(text.utf8), path: "a.json").root }

    @Test func aValueOfAnotherKindIsNotedAndLeftOut() throws {
        let root = try root("{\"text\": 7,\n\"flag\": true,\n\"count\": -1}")
        var reading = JSONReading()
        #expect(reading.text(root["text"]) == nil)
        #expect(reading.flag(root["flag"]) == true)
        #expect(reading.count(root["count"]) == nil)
        #expect(
            reading.refusals.map { "\($0)" } == [
                "a.json:1: text is a number and not text",
                "a.json:3: count is a number and not a whole number from 0 on",
            ]
        )
    }

    @Test func aMissingValueIsNotAProblem() throws {
        let root = try root("{\"null\": null}")
        var reading = JSONReading()
        #expect(reading.text(root["null"]) == nil)
        #expect(reading.texts(root["missing"]) == nil)
        #expect(reading.problems.isEmpty)
    }

    @Test func elementsThatFitAreKept() throws {
        let root = try root("{\"list\": [\"a\", 7, \"b\", null]}")
        var reading = JSONReading()
        #expect(reading.texts(root["list"]) == ["a", "b"])
        #expect(
            reading.problems.map(\.error.message) == [
                "list[1] is a number and not text", "list[3] is null and not text",
            ]
        )
    }

    @Test func theStrictReaderThrowsTheFirstProblem() throws {
        let root = try root("{\"a\": 1, \"b\": 2}")
        var reading = JSONReading()
        try reading.requireNoProblem()
        _ = reading.text(root["b"])
        _ = reading.text(root["a"])
        let error = #expect(throws: EnvironmentsError.self) { try reading.requireNoProblem() }
        #expect(error?.message == "b is a number and not text")
    }

    @Test func aProblemWithoutRefusalDoesNotThrow() throws {
        var reading = JSONReading()
        reading.note(EnvironmentsError(.file, "odd"), refusal: nil)
        try reading.requireNoProblem()
        #expect(reading.problems.count == 1)
    }

    @Test func unknownFieldsGetASuggestion() throws {
        let root = try root("{\"object\": {\"enabeld\": 1, \"enabled\": 2, \"zzzzzz\": 3, \"gone\": null}}")
        var reading = JSONReading()
        reading.noteUnknownFields(of: try #require(root["object"]), known: ["enabled", "seconds"])
        #expect(reading.unknownFields.map(\.trail) == ["object.enabeld", "object.zzzzzz", "object.gone"])
        #expect(reading.unknownFields.map(\.nearest) == ["enabled", nil, nil])
        #expect(reading.unknownFields.map(\.isNull) == [false, false, true])
    }
}
