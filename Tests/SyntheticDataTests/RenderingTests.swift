import Basics
import Testing

@testable import SyntheticData

/// The rows of a table with every kind of column.
private func table(_ locale: String = "en", _ source: RowSource = .count(500)) -> GeneratedTable {
    let columns = [
        "email text", "first_name text", "last_name text", "name text", "phone text", "city text", "address text",
        "company text", "job text", "zip varchar(10)", "token text", "description text", "code text", "age int4",
        "price numeric(10,2)", "created_at timestamptz", "updated_at timestamp", "birthday date", "id uuid",
        "flag bool", "data jsonb", "wait interval", "bytes bytea", "span int4range", "net cidr", "other float8",
    ]
    var inference = GeneratorInference.of(columns, in: "customers", locale: locale)
    let settled = columns.compactMap { column -> GeneratedTable.Column? in
        let name = String(column.prefix { $0 != " " })
        guard let choice = inference.choose(name) else { return nil }
        inference.chosen[name] = choice.generator
        return GeneratedTable.Column(name: name, generator: choice.generator, reason: choice.reason)
    }
    return GeneratedTable(source: source, start: 1, columns: settled, expressions: [])
}

private func text(_ table: GeneratedTable, _ pieces: [Range<Int>]) -> String {
    var buffer = CopyBuffer()
    for piece in pieces { table.render(piece, into: &buffer) }
    return String(decoding: buffer.bytes(), as: UTF8.self)
}

@Suite struct RenderingTests {
    /// Rows that an earlier version generated must be found again.
    @Test(arguments: [
        ("en", 7_205_618_667_774_673_364 as UInt64), ("de", 14_328_927_123_391_032_078),
        ("ja", 15_672_415_795_513_016_790),
    ])
    func theValuesOfALocaleStayTheSame(locale: String, digest: UInt64) {
        #expect(FNV1a.hash(of: text(table(locale), [0..<500])) == digest)
    }

    @Test func aRowIsTheSameInWhateverPieceItIsRendered() {
        let table = table()
        #expect(text(table, [0..<500]) == text(table, [0..<1, 1..<250, 250..<500]))
    }

    @Test(arguments: [0, 1, 2, 5])
    func theNumberOfWorkersChangesNothing(jobs: Int) throws {
        let table = table()
        var bytes: [UInt8] = []
        try OrderedRendering.run(
            pieces: 50,
            jobs: jobs,
            render: { table.render(($0 * 10)..<($0 * 10 + 10), into: &$1) },
            { bytes += $0 }
        )
        #expect(String(decoding: bytes, as: UTF8.self) == text(table, [0..<500]))
    }

    @Test func aWorkersReaderMayStopInTheMiddle() {
        struct Stop: Error {}
        let table = table()
        #expect(throws: Stop.self) {
            try OrderedRendering.run(
                pieces: 50,
                jobs: 3,
                render: { table.render($0..<($0 + 1), into: &$1) },
                { _ in throw Stop() }
            )
        }
    }

    @Test func rowsOfAParentAreThoseOfItsIdentity() {
        func pool(_ names: [String]) -> ReferencePool {
            ReferencePool(
                columns: ["id": names],
                times: [:],
                identities: names.map { CellHash.key(seed: 0, $0) },
                generated: nil
            )
        }
        let one = RowSource.per(pool(["a", "b"]), firsts: [0, 2, 5], combinations: 1)
        let two = RowSource.per(pool(["x", "a", "b"]), firsts: [0, 4, 6, 9], combinations: 1)
        #expect(one.count == 5)
        #expect((0..<5).map { one.row($0).identity } == (4..<9).map { two.row($0).identity })
        #expect((0..<5).map { one.row($0).slot } == [0, 1, 0, 1, 2])
    }
}
