import FoundationEssentials
import Logging
import PostgresClient
import TestSupport
import Testing

@Suite struct QueryTests {
    @Test func parametersAreBoundNotPasted() async throws {
        try await withDatabaseSession { session in
            let rows = try session.query(
                "SELECT $1::text AS a, $2::int + 1 AS b, $3::text AS c",
                ["'); DROP TABLE x; --", "41", nil]
            )
            #expect(rows.count == 1)
            #expect(rows[0]["a"] == "'); DROP TABLE x; --")
            #expect(rows[0].int("b") == 42)
            #expect(rows[0]["c"] == nil)
        }
    }

    @Test func rowsWithoutColumnsAreCountedToo() async throws {
        try await withDatabaseSession { session in
            try #expect(session.query("SELECT FROM generate_series(1, 3)").count == 3)
            try #expect(session.query("SELECT FROM generate_series(1, 3) WHERE false").isEmpty)
            try #expect(session.query("SELECT 1 AS a WHERE false").isEmpty)
        }
    }

    @Test func rowsAreCountedOfAnyStatement() async throws {
        try await withDatabaseSession { session in
            try #expect(session.countRows("SELECT FROM generate_series(1, 1000)") == 1000)
            try #expect(session.countRows("SELECT 1 WHERE false") == 0)
            try #expect(session.countRows("CREATE TEMP TABLE t ()") == 0)
            #expect(throws: PostgresError.self) {
                try session.countRows("SELECT 1 / (3 - g) FROM generate_series(1, 5) g")
            }
            try #expect(session.countRows("SHOW search_path") == 1)
        }
    }

    @Test func countedRowsAreNotKept() async throws {
        try await inOwnProcess {
            try await withDatabaseSession { session in
                let count = try session.countRows("SELECT repeat('x', 100000) FROM generate_series(1, 3000)")
                #expect(count == 3000)
            }
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            #expect(try #require(Int(line.filter(\.isNumber))) < 250_000)
        }
    }

    @Test func namesOfAnyKindAreQuoted() async throws {
        try await withDatabaseSession { session in
            for name in [
                "plain", "Mixed Case", "with \"quote\"", "semi;colon", "dot.dot", "línea\nnueva", "😀", "back\\slash",
            ] {
                let table = TableName(schema: "public", name: name)
                try session.execute("CREATE TABLE \(session.quoted(table)) (a int)")
                let found = try session.query(
                    "SELECT relname FROM pg_class WHERE oid = to_regclass($1)",
                    [session.quoted(table)]
                )
                #expect(found[0]["relname"] == name)
            }
        }
    }

    @Test func literalsKeepQuotesAndBackslashes() async throws {
        try await withDatabaseSession { session in
            for text in ["", "it's", "back\\slash", "both '\\'", "new\nline"] {
                try #expect(session.query("SELECT \(session.literal(text)) AS t")[0]["t"] == text)
            }
        }
    }

    @Test func arraysOfTextAreTakenApart() async throws {
        try await withDatabaseSession { session in
            let rows = try session.query(
                #"SELECT ARRAY['a', 'b c', 'd"e', 'f\g', '', 'NULL', NULL, 'x,y'] AS a, '{}'::text[] AS b, NULL::text[] AS c"#
            )
            #expect(rows[0].texts("a") == ["a", "b c", "d\"e", "f\\g", "", "NULL", "x,y"])
            #expect(rows[0].texts("b") == [])
            #expect(rows[0].texts("c") == [])
        }
    }

    @Test func serverErrorsHaveTheirFieldsAndNoValues() async throws {
        try await withDatabaseSession { session in
            try session.execute("CREATE TABLE t (a int CONSTRAINT small CHECK (a < 10), b int PRIMARY KEY)")
            let error = try #require(throws: PostgresError.self) {
                try session.query("INSERT INTO t VALUES (4711, 1)")
            }
            #expect(error.code == .server)
            #expect(error.sqlState == "23514")
            #expect(error.server?.table == "t")
            #expect(error.server?.constraint == "small")
            #expect(error.server?.detail?.contains("4711") == true)
            #expect(!error.description.contains("4711"))
            let value = try #require(throws: PostgresError.self) {
                try session.query("SELECT 'secret'::text::int")
            }
            #expect(value.sqlState == "22P02")
            #expect(!value.description.contains("secret"))
            try #expect(session.query("SELECT 1 AS one")[0].int("one") == 1)
        }
    }

    @Test func aTransactionIsRolledBackWhenItsBodyThrows() async throws {
        struct Stop: Error {}
        try await withDatabaseSession { session in
            try session.execute("CREATE TABLE t (a int)")
            #expect(throws: Stop.self) {
                try session.transaction { session in
                    try session.execute("INSERT INTO t VALUES (1)")
                    throw Stop()
                }
            }
            try session.transaction { try $0.execute("INSERT INTO t VALUES (2)") }
            try #expect(session.query("SELECT a FROM t").map { $0.int("a") } == [2])
            let isOpen = session.isInTransaction
            #expect(!isOpen)
        }
    }

    @Test func pinningUndoesWhatARoleHasSet() async throws {
        try await withDatabaseSession { session in
            try session.execute("SET DateStyle = 'German'; SET statement_timeout = '2s'; SET TimeZone = 'Asia/Tokyo'")
            try session.pin([("no_such_setting_of_any_server", "1")])
            try #expect(
                session.query("SELECT timestamptz '2026-01-02 03:04:05+00' AS t")[0]["t"] == "2026-01-02 03:04:05+00"
            )
            try #expect(session.query("SELECT pg_sleep(2.5), current_setting('search_path') AS p")[0]["p"] == "")
        }
    }

    @Test func textOfASQLASCIIDatabaseComesBackByteForByte() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withDatabase(options: "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'") { url in
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                let name = "caf\u{E9}"  // The byte E9, which is not UTF-8.
                try session.execute("CREATE TABLE public.\(session.quoted(name)) (a text)")
                let row = try session.query(
                    "SELECT relname, encode(relname::text::bytea, 'hex') AS hex FROM pg_class WHERE relname = $1",
                    [name]
                )[0]
                #expect(row["relname"] == name)
                #expect(row["hex"] == "636166e9")
            }
        }
    }
}

/// Provides a session with a new database.
func withDatabaseSession(_ body: @escaping @Sendable (inout Session) throws -> Void) async throws {
    try await ThrowawayServer.shared().withDatabase { url in
        try await withSession(ServerAddress(url), logger: quietLogger) { session in
            // The tests write `t` for a table, as users do in psql.
            try session.execute(Session.databaseSearchPath)
            try body(&session)
        }
    }
}
