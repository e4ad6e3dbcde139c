import Glibc
import TestSupport
import Testing

@testable import PostgresClient

@Suite struct SessionStartTests {
    /// Provides a new role, and a database that it owns.
    private func withOwner(
        _ settings: [String] = [],
        _ body: (_ server: ThrowawayServer, _ url: String, _ owner: String) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withDatabase { url in
            let database = try await psql(url, "SELECT current_database()")
            try await psql(
                url,
                "CREATE ROLE owner_of_\(database) LOGIN; ALTER DATABASE \(database) OWNER TO owner_of_\(database)"
            )
            for setting in settings {
                try await psql(url, "ALTER ROLE owner_of_\(database) IN DATABASE \(database) SET \(setting)")
            }
            try await body(server, url, "owner_of_\(database)")
        }
    }

    @Test func theFirstStatementOfASessionEmptiesTheSearchPath() async throws {
        try await withOwner { server, url, _ in
            try await psql(
                url,
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET log_statement = ''all''', current_database()); END $$"
            )
            let process = try await withSession(ServerAddress(url), logger: quietLogger) { $0.processID }
            let lines = String(decoding: readFile(server.log), as: UTF8.self).split(separator: "\n")
            let statements = lines.filter { $0.contains("[\(process)]") && $0.contains("LOG:  statement: ") }
            let first = try #require(statements.first)
            #expect(first.hasSuffix("statement: SELECT pg_catalog.set_config('search_path', '', false)"))
        }
    }

    @Test func functionsOfTheSearchPathAreNotCalled() async throws {
        try await withOwner { server, url, _ in
            let database = try await psql(url, "SELECT current_database()")
            try await HostileOwner.fill(url)
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.pin()
                _ = try session.query("SELECT lower('A'), 1 + 1 AS sum, now() = now() AS same, count(*) FROM pg_class")
                try session.underEmptySearchPath { _ in }
                try session.reset()
                _ = try session.searchedSchemas()
            }
            #expect(HostileOwner.alarms(server, database) == [])
            // Checks that the alarm works.
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.execute(Session.databaseSearchPath)
                _ = try session.query("SELECT lower('A')")
            }
            #expect(HostileOwner.alarms(server, database) != [])
        }
    }

    @Test func statementsOfUsersHaveTheDatabasesSearchPath() async throws {
        try await withOwner { _, url, _ in
            try await psql(
                url,
                "CREATE SCHEMA own; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = own', current_database()); END $$"
            )
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                let first = try path(session)
                #expect(first == "")
                let searched = try session.searchedSchemas()
                #expect(searched == ["own"])
                try session.execute(Session.databaseSearchPath)
                var paths = try [path(session), session.underEmptySearchPath { try path($0) }, path(session)]
                #expect(paths == ["own", "", "own"])
                // Also within a transaction. Earlier settings are restored afterwards.
                try session.execute("BEGIN; SET search_path = public")
                paths = try [path(session), session.underEmptySearchPath { try path($0) }, path(session)]
                #expect(paths == ["public", "", "public"])
                try session.execute("COMMIT")
                let after = try path(session)
                #expect(after == "public")
                try session.reset()
                let last = try path(session)
                #expect(last == "")
            }
        }
    }

    @Test(arguments: [
        "statement_timeout = '1ms'", "lock_timeout = '1ms'", "idle_in_transaction_session_timeout = '1ms'",
        "idle_session_timeout = '1ms'", "standard_conforming_strings = off",
    ])
    func timeoutsOfARoleDoNotEndASession(setting: String) async throws {
        let server = try await ThrowawayServer.shared()
        guard !setting.hasPrefix("idle_session") || server.major >= 14 else { return }
        try await withOwner([setting]) { _, url, owner in
            try await psql(url, "GRANT CREATE ON SCHEMA public TO \(owner)")
            let address = ServerAddress(url).setting("user", to: owner)
            try await withSession(address, logger: quietLogger) { session in
                usleep(20_000)
                try session.execute("BEGIN; CREATE TABLE public.t (a text)")
                usleep(20_000)
                try session.execute("INSERT INTO public.t VALUES ('\\'); COMMIT")
                let text = try session.query("SELECT a, pg_catalog.pg_sleep(0.02) FROM public.t")[0]["a"]
                #expect(text == "\\")
            }
        }
    }

    @Test func onlyARestoreWritesInSpiteOfAReadOnlyDefault() async throws {
        try await withOwner(["default_transaction_read_only = on"]) { _, url, owner in
            let address = ServerAddress(url).setting("user", to: owner)
            let error = try await withSession(address, logger: quietLogger) { session -> PostgresError? in
                do {
                    try session.execute("CREATE SCHEMA a")
                    return nil
                } catch let error as PostgresError {
                    return error
                }
            }
            #expect(error?.sqlState == "25006")
            #expect(error?.hint?.contains("RESET default_transaction_read_only") == true)
            #expect(
                Wire.readOnlyHint(onStandby: true)
                    == "the server is a standby, which is only read: connect to its primary"
            )
            try await withSession(address.ignoringReadOnlyDefault, logger: quietLogger) { session in
                let first = try session.query("SHOW default_transaction_read_only")[0].text(
                    "default_transaction_read_only"
                )
                #expect(first == "off")
                try session.reset()
                let second = try session.query("SHOW default_transaction_read_only")[0].text(
                    "default_transaction_read_only"
                )
                #expect(second == "off")
            }
        }
    }

    /// The delay of the network is longer than the server's idle timeout.
    @Test func aSessionThatIsOverBeforeItsFirstStatementIsMadeAgain() async throws {
        guard try await ThrowawayServer.shared().major >= 14 else { return }
        try await withOwner(["idle_session_timeout = '1ms'"]) { server, url, owner in
            let database = try await psql(url, "SELECT current_database()")
            let proxy = try FaultProxy(before: server)
            defer { proxy.close() }
            // The startup packet is the first message, and the first statement the second.
            proxy.arm(.pause(.milliseconds(50)), at: .message(2, .before))
            let address = ServerAddress(proxy.url(database: database)).setting("user", to: owner)
            let options = try await withSession(address, logger: quietLogger) { session in
                usleep(20_000)
                return try session.query("SELECT pg_catalog.current_setting('idle_session_timeout') AS value")[0][
                    "value"
                ]
            }
            #expect(options == "0")
        }
    }
}

private func path(_ session: borrowing Session) throws -> String {
    try session.query("SHOW search_path")[0].text("search_path")
}
