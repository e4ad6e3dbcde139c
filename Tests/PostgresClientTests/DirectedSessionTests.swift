import TestSupport
import Testing

@testable import PostgresClient

@Suite struct DirectedSessionTests {
    @Test func stepsOfSeveralSessionsFollowEachOther() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(url, "CREATE TABLE t (n int)")
            let servers = [ServerAddress(url), ServerAddress(url)]
            let seen = try await withDirectedSessions(servers, logger: quietLogger) { sessions in
                try await sessions.perform { index, session in
                    try session.execute("BEGIN; INSERT INTO public.t VALUES (\(index))")
                }
                try await sessions[1].perform { try $0.execute("COMMIT") }
                let counts = try await sessions.perform { _, session in
                    try session.query("SELECT count(*) AS rows FROM public.t")[0].int("rows")
                }
                return counts
            }
            // Each sees its own row and those that are committed.
            #expect(seen == [2, 1])
            #expect(try await psql(url, "SELECT n FROM t") == "1")
        }
    }

    /// A session that waits with its locks asks whether the server is alive before its snapshot is taken.
    @Test func aSignOfLifeTakesNoSnapshot() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(url, "CREATE TABLE t (n int)")
            let rows = try await withDirectedSessions([ServerAddress(url)], logger: quietLogger) { sessions in
                try await sessions[0].perform { session in
                    try session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    try session.execute(Session.signOfLife)
                }
                try await psql(url, "INSERT INTO t VALUES (1)")
                return try await sessions[0].perform { session in
                    try session.query("SELECT count(*) AS rows FROM public.t")[0].int("rows")
                }
            }
            #expect(rows == 1)
        }
    }

    @Test func theErrorOfAStepIsThrownAndTheSessionGoesOn() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let answer = try await withDirectedSessions([ServerAddress(url)], logger: quietLogger) { sessions in
                let error = await #expect(throws: PostgresError.self) {
                    try await sessions[0].perform { try $0.execute("SELECT 1/0") }
                }
                #expect(error?.sqlState == "22012")
                return try await sessions[0].perform { try $0.query("SELECT 42 AS answer")[0].int("answer") }
            }
            #expect(answer == 42)
        }
    }

    @Test func theLossOfASessionEndsTheBody() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let start = ContinuousClock.now
            let servers = [ServerAddress(url), ServerAddress(url)]
            let error = try await #require(throws: PostgresError.self) {
                try await withDirectedSessions(servers, logger: quietLogger) { sessions in
                    let pid = try await sessions[1].perform { $0.processID }
                    try await psql(url, "SELECT pg_terminate_backend(\(pid))")
                    try await Task.sleep(for: .seconds(600))
                }
            }
            #expect(error.sqlState == "57P01")
            #expect(ContinuousClock.now - start < .seconds(300))
        }
    }

    @Test func aServerThatCannotBeReachedEndsAllOfIt() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let servers = [ServerAddress(url), ServerAddress("host=127.0.0.1 port=1 dbname=x")]
            let error = try await #require(throws: PostgresError.self) {
                try await withDirectedSessions(servers, logger: quietLogger) { sessions in
                    try await sessions.perform { _, session in try session.execute("SELECT 1") }
                    try await Task.sleep(for: .seconds(600))
                }
            }
            #expect(error.code == .connection)
        }
    }
}
