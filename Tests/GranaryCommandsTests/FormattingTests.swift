import GranaryCommands
import TestSupport
import Testing

@Suite struct FormattingTests {
    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1049, "1.0 kB"), (1050, "1.1 kB"), (999_949, "999.9 kB"),
        (999_950, "1.0 MB"), (312_400_000, "312.4 MB"), (1_240_000_000, "1.2 GB"), (5_000_000_000_000, "5.0 TB"),
        (Int.max, "9,223.4 PB"), (-1500, "-1.5 kB"),
    ])
    func bytesHaveUnitsOfAThousand(count: Int, text: String) {
        #expect(Formatting.bytes(count) == text)
    }

    @Test(arguments: [
        (0, "0.0 s"), (7.44, "7.4 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (67, "1 min 07 s"),
        (3599.4, "59 min 59 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min"), (-1, "?"), (.infinity, "?"),
    ])
    func durationsGrowUnits(seconds: Double, text: String) {
        #expect(Formatting.duration(seconds: seconds) == text)
    }

    @Test(arguments: [(0.1, "1 s"), (6.2, "7 s"), (59.5, "1 min 00 s"), (61, "1 min 01 s")])
    func theRemainingTimeIsInWholeSeconds(seconds: Double, text: String) {
        #expect(Formatting.remaining(seconds: seconds) == text)
    }

    @Test func ratiosNeedBothSides() {
        #expect(Formatting.ratio(raw: 340, packed: 100) == "3.4×")
        #expect(Formatting.ratio(raw: 0, packed: 100) == nil)
        #expect(Formatting.ratio(raw: 100, packed: 0) == nil)
    }

    @Test func timestampsAreUTCAndSort() {
        #expect(Formatting.timestamp(secondsSince1970: 1_795_418_100) == "20261123T071500Z")
        #expect(Formatting.timestamp(secondsSince1970: 0) == "19700101T000000Z")
    }

    @Test func controlCharactersCannotSteerTheTerminal() {
        #expect(Formatting.harmless("a\u{1B}[2Jb\nc\r\t\u{7f}\u{9b}") == #"a\u{1b}[2Jb\nc\r\t\u{7f}\u{9b}"#)
        #expect(Formatting.harmless("täble 表") == "täble 表")
        #expect(Formatting.harmless("evil\u{202e}txt") == #"evil\u{202e}txt"#)
    }

    @Test func textIsCutToTheColumnsItTakes() {
        #expect(Formatting.fitted("orders", columns: 6) == "orders")
        #expect(Formatting.fitted("orders", columns: 5) == "orde…")
        #expect(Formatting.width("表") == 2)
        #expect(Formatting.fitted("表表表", columns: 5) == "表表…")
        #expect(Formatting.fitted("表表表", columns: 4) == "表…")
        #expect(Formatting.fitted("orders", columns: 0) == "")
    }
}

@Suite struct JSONDocumentTests {
    @Test func keysKeepTheirOrder() {
        let document = JSONDocument.object([
            "b": 1, "a": nil, "c": .array([true, "x"]), "d": .object([:]), "e": .number(1.5),
        ])
        #expect(document.text == #"{"b":1,"a":null,"c":[true,"x"],"d":{},"e":1.5}"#)
    }

    @Test func stringsAreEscapedAsTheStandardHasIt() {
        #expect(JSONDocument.string("a\"b\\c\nd\u{1}é\u{7f}").text == #""a\"b\\c\nd\u0001é\u007f""#)
    }

    @Test(arguments: [
        (0.0, "0"), (2.0, "2"), (7.4, "7.4"), (0.0004, "0"), (1.2345, "1.235"), (-0.5, "-0.5"), (0.05, "0.05"),
        (.infinity, "null"), (.nan, "null"),
    ])
    func numbersHaveThreeDecimalsAtMost(value: Double, text: String) {
        #expect(JSONDocument.number(value).text == text)
    }
}
