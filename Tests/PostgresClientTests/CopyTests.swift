import PostgresClient
import TestSupport
import Testing

@Suite struct CopyTests {
    @Test func rowsComeOutOneByOneAndWhole() async throws {
        try await withDatabaseSession { session in
            try session.execute(
                #"CREATE TABLE t AS SELECT n, CASE WHEN n = 2 THEN E'tab\there\nand\\there' END AS s FROM generate_series(1, 3) n"#)
            let lines = try session.copyOut("COPY t TO STDOUT") { rows in
                var lines: [String] = []
                while try rows.next({ lines.append(String(decoding: $0, as: UTF8.self)) }) {}
                return lines
            }
            #expect(lines == ["1\t\\N\n", "2\ttab\\there\\nand\\\\there\n", "3\t\\N\n"])
            try #expect(session.query("SELECT 1 AS one")[0].int("one") == 1)
        }
    }

    @Test func slabsMayCutRowsAnywhere() async throws {
        try await withDatabaseSession { session in
            try session.execute("CREATE TABLE t (n int, s text)")
            let text = Array((1...1000).map { "\($0)\trow \($0)\n" }.joined().utf8)
            var random = seededRandom()
            let rows = try session.copyIn("COPY t FROM STDIN") { copy in
                var start = 0
                while start < text.count {
                    let end = min(text.count, start + Int.random(in: 1...97, using: &random))
                    try text[start..<end].withUnsafeBytes { try copy.write($0) }
                    start = end
                }
            }
            #expect(rows == 1000)
            try #expect(session.query("SELECT sum(n) AS n, count(s) AS c FROM t")[0].int("n") == 500_500)
        }
    }

    @Test func moreThanTheSocketHoldsGoesInWithoutQueueingItAll() async throws {
        try await withDatabaseSession { session in
            try session.execute("CREATE TABLE t (s text)")
            let line = Array((String(repeating: "x", count: 9_999) + "\n").utf8)
            let slab = repeatElement(line, count: 1_000).reduce(into: []) { $0 += $1 }  // 10 MB.
            let rows = try session.copyIn("COPY t FROM STDIN") { copy in try slab.withUnsafeBytes { try copy.write($0) } }
            #expect(rows == 1_000)
        }
    }

    @Test func aRowTheServerRefusesIsItsOwnErrorAndLeavesTheSessionUsable() async throws {
        try await withDatabaseSession { session in
            try session.execute("CREATE TABLE t (n int)")
            let slab = Array(String(repeating: "1\n", count: 200_000).utf8) + Array("x\n".utf8)
                + Array(String(repeating: "1\n", count: 2_000_000).utf8)
            let error = try #require(throws: PostgresError.self) {
                _ = try session.copyIn("COPY t FROM STDIN") { copy in
                    for _ in 0..<5 { try slab.withUnsafeBytes { try copy.write($0) } }
                }
            }
            #expect(error.sqlState == "22P02")
            try #expect(session.query("SELECT count(*) AS c FROM t")[0].int("c") == 0)
        }
    }

    @Test func whenTheSenderFailsNothingIsKept() async throws {
        struct Stop: Error {}
        try await withDatabaseSession { session in
            try session.execute("CREATE TABLE t (n int)")
            #expect(throws: Stop.self) {
                _ = try session.copyIn("COPY t FROM STDIN") { copy in
                    try Array("1\n2\n".utf8).withUnsafeBytes { try copy.write($0) }
                    throw Stop()
                }
            }
            try #expect(session.query("SELECT count(*) AS c FROM t")[0].int("c") == 0)
        }
    }

    @Test func anErrorAfterTheFirstRowsIsThrown() async throws {
        try await withDatabaseSession { session in
            let error = try #require(throws: PostgresError.self) {
                try session.copyOut("COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT") { rows in
                    while try rows.next({ _ in }) {}
                }
            }
            #expect(error.sqlState == "22012")
        }
    }

    @Test func aCopyThatCannotBeginLeavesTheSessionUsable() async throws {
        try await withDatabaseSession { session in
            #expect(throws: PostgresError.self) { try session.copyOut("COPY nowhere TO STDOUT") { _ in } }
            #expect(throws: PostgresError.self) { _ = try session.copyIn("COPY nowhere FROM STDIN") { _ in } }
            try #expect(session.query("SELECT 1 AS one")[0].int("one") == 1)
        }
    }
}
