import Environments
import PostgresClient
import TestSupport
import Testing

@Suite struct StateSchemaTests {
    @Test func whatIsMissingIsMadeOnce() async throws {
        try await withDatabaseSession { session in
            let schema = StateSchema.usual
            try #expect(schema.tables(session) == [])
            try #expect(!schema.exists(session))
            try #expect(session.query("SELECT FROM pg_namespace WHERE nspname = 'granary'").count == 0)
            try schema.ensure(&session)
            try #expect(schema.exists(session))
            try session.execute("DROP TABLE granary.seeds")
            try #expect(schema.tables(session) == [.environment, .migrations, .migrationLog])
            try schema.ensure(&session)
            try schema.ensure(&session)
            try #expect(schema.exists(session))
        }
    }

    @Test func theColumnsAreThoseOfTheContract() async throws {
        try await withDatabaseSession { session in
            try StateSchema.usual.ensure(&session)
            let columns = try session.query(
                """
                SELECT table_name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) AS columns
                FROM information_schema.columns WHERE table_schema = 'granary' GROUP BY 1 ORDER BY 1
                """
            )
            #expect(columns.map { $0.text("table_name") } == ["environment", "migration_log", "migrations", "seeds"])
            #expect(
                columns[2].text("columns")
                    == "service text, version bigint, name text, layer text, up_sha256 text, down_sha256 text, down_sql "
                    + "text, verified boolean, applied_at timestamp with time zone, applied_by text, duration_ms bigint, "
                    + "applied_order bigint"
            )
            // The highest version that golang-migrate can keep, and the order of application by itself.
            try session.execute(
                """
                INSERT INTO granary.migrations (service, version, name, up_sha256, verified, applied_at, applied_by)
                SELECT 's', v, 'n', 'x', true, now(), 'me' FROM unnest(ARRAY[9223372036854775807, 1]) AS v
                """
            )
            let rows = try session.query("SELECT version, layer FROM granary.migrations ORDER BY applied_order")
            #expect(rows.map { $0.int("version") } == [Int.max, 1])
            #expect(rows[0]["layer"] == "")
        }
    }

    @Test func thereIsOneMarkerAtMost() async throws {
        try await withDatabaseSession { session in
            try StateSchema.usual.ensure(&session)
            try session.execute("INSERT INTO granary.environment (name, fingerprint) VALUES ('a', '1/1')")
            #expect(throws: PostgresError.self) {
                try session.execute("INSERT INTO granary.environment (name, fingerprint) VALUES ('b', '1/1')")
            }
        }
    }

    @Test func tenSessionsMayMakeItAtOnce() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            for round in 0..<5 {
                let schema = try StateSchema("state \"\(round)\"")
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<10 {
                        group.addTask {
                            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                                // Half of them within a transaction of their own.
                                if number.isMultiple(of: 2) {
                                    try session.transaction { try schema.ensure(&$0) }
                                } else {
                                    try schema.ensure(&session)
                                }
                                return try schema.exists(session)
                            }
                        }
                    }
                    for try await exists in group { #expect(exists) }
                }
            }
        }
    }

    @Test func aTransactionThatFailsLeavesNothing() async throws {
        try await withDatabaseSession { session in
            struct Stop: Error {}
            #expect(throws: Stop.self) {
                try session.transaction { session in
                    try StateSchema.usual.ensure(&session)
                    throw Stop()
                }
            }
            try #expect(StateSchema.usual.tables(session) == [])
        }
    }

    @Test func aRoleThatMayNotCreateIsToldTheWay() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.execute("CREATE ROLE state_clerk LOGIN")
        try await server.withDatabase { url in
            let clerk = ServerAddress(url).setting("user", to: "state_clerk")
            func failure() async throws -> EnvironmentsError? {
                try await withSession(clerk, logger: quietLogger) { session in
                    #expect(throws: EnvironmentsError.self) { try Marker.write("qa", &session) }
                }
            }
            var error = try await failure()
            #expect(error?.code == .missingRights)
            #expect(error?.hint == "let the database's owner run once: granary init --grant state_clerk")
            // Made, but not for the clerk: neither reading nor writing.
            try await withSession(ServerAddress(url), logger: quietLogger) { try StateSchema.usual.ensure(&$0) }
            error = try await failure()
            #expect(error?.code == .missingRights)
            try await withSession(clerk, logger: quietLogger) { session in
                try #expect(StateSchema.usual.exists(session))
                let error = #expect(throws: EnvironmentsError.self) { _ = try MarkerState(of: session) }
                #expect(error?.code == .missingRights)
            }
            // Granted: all of it but deleting from the log.
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try StateSchema.usual.grant(to: ["state_clerk"], &session)
            }
            try await withSession(clerk, logger: quietLogger) { session in
                try Marker.write("qa", &session)
                try session.execute(
                    "INSERT INTO granary.migration_log (service, event, outcome) VALUES ('s', 'up', 'done')"
                )
                try session.execute("DELETE FROM granary.migrations")
                #expect(throws: PostgresError.self) { try session.execute("DELETE FROM granary.migration_log") }
                try #expect(MarkerState(of: session).environment == "qa")
            }
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.execute("DROP SCHEMA granary CASCADE")
            }
        }
        try await server.execute("DROP ROLE state_clerk")
    }

    @Test func namesThatNoSchemaCanHaveAreRefused() throws {
        for name in ["", "pg_granary", "information_schema", String(repeating: "x", count: 64)] {
            let error = #expect(throws: EnvironmentsError.self) { _ = try StateSchema(name) }
            #expect(error?.code == .usage)
        }
        try #expect(StateSchema("My \"own\"").migrations == TableName(schema: "My \"own\"", name: "migrations"))
    }
}
