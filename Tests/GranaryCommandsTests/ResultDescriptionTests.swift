import Basics
import GranaryCommands
import Testing

@Suite struct ResultDescriptionTests {
    private struct Table: Sendable {
        var name: String
        var rows: Int?
    }

    private struct Report: Sendable {
        var file = "a.zip"
        var tables: [Table] = []
        var old: Table?
    }

    private static let table = ResultDescription<Table>([
        .init("table", \.name, column: .init("name", \.name)),
        .init("rows", \.rows, column: .init("rows", isNumber: true) { $0.rows.map { grouped($0) } ?? "?" }),
        .column(.init("remark") { $0.rows == 0 ? "empty" : "" }),
    ])

    private static let report = ResultDescription<Report>([
        .init("file", \.file), .init("count", \.tables.count), .init("tables", each: table, \.tables),
        .init("old", table, \.old), .part(ResultDescription<Table>([.init("was", \.name)]), \.old),
    ])

    @Test func aDocumentHasItsKeysInTheirOrder() {
        let report = Report(tables: [Table(name: "a", rows: 1)], old: Table(name: "b"))
        #expect(
            Self.report.document(report).text
                == #"{"file":"a.zip","count":1,"tables":[{"table":"a","rows":1}],"old":{"table":"b","rows":null},"was":"b"}"#
        )
    }

    @Test func missingValuesAreNullAndMissingPartsAreOmitted() {
        #expect(Self.report.document(Report()).text == #"{"file":"a.zip","count":0,"tables":[],"old":null}"#)
    }

    @Test func keysAreListedWithThoseBelowThem() {
        #expect(
            Self.report.keys == [
                "file", "count", "tables", "tables[].table", "tables[].rows", "old", "old.table", "old.rows", "was",
            ]
        )
    }

    @Test func aListHasTheColumnsOfItsFields() {
        let rows = [Table(name: "orders", rows: 1200), Table(name: "a"), Table(name: "b", rows: 0)]
        #expect(
            Self.table.table(rows, width: nil)
                == ["name     rows  remark", "orders  1,200", "a           ?", "b           0  empty"]
        )
    }

    @Test func columnsMayStandInAnotherOrder() {
        let turned = ResultDescription<Table>(
            [
                .init("table", \.name, column: .init("name", \.name)),
                .part(ResultDescription<Int>([.column(.init("rows") { "\($0)" })]), \.rows),
            ],
            columns: ["rows", "name"]
        )
        #expect(
            turned.table([Table(name: "a", rows: 7), Table(name: "b")], width: nil) == [
                "rows  name", "7     a", "      b",
            ]
        )
    }

    @Test func setsAndCountsAreSorted() {
        let sets = ResultDescription<(names: Set<String>, counts: [String: Int])>([
            .init("names", \.names), .init("counts", \.counts),
        ])
        #expect(
            sets.document((["b", "a"], ["y": 2, "x": 1])).text == #"{"names":["a","b"],"counts":{"x":1,"y":2}}"#
        )
    }
}
