import Bookkeeping
import PostgresClient
import TestSupport
import Testing

@Suite struct MarkerTests {
    @Test func aMarkIsReadBackAndReplaced() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await inSession(url) { session in
                try #expect(Marker().read(session) == .unmarked)
                try Marker().write("staging", &session)
                try #expect(Marker().read(session) == .marked("staging"))
                try Marker().write("o'connor \"x\"", &session)
                try #expect(Marker().read(session) == .marked("o'connor \"x\""))
                try #expect(Marker(StateSchema("other \"schema\"")).read(session) == .unmarked)
            }
        }
    }

    @Test func theRulesBesideTheMarkerAreReadBackAndRemoved() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await inSession(url) { session in
                try #expect(Marker().policy(session) == nil)
                try Marker().write("live", &session)
                try #expect(Marker().policy(session) == nil)
                let policy = MarkerPolicy(
                    isProduction: true,
                    requiresEncryption: true,
                    recipients: ["age1one", "age1 \"two\""]
                )
                try Marker().write("live", policy: policy, &session)
                try #expect(Marker().policy(session) == policy)
                let none = MarkerPolicy(isProduction: false, requiresEncryption: false, recipients: [])
                try Marker().write("test", policy: none, &session)
                try #expect(Marker().policy(session) == none)
                try Marker().write("test", &session)
                try #expect(Marker().policy(session) == nil)
            }
        }
    }

    @Test func aTableOfAnOlderGranaryGetsTheColumnsForRulesWhenTheyAreStored() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await inSession(url) { session in
                try Marker().write("live", &session)
                try session.execute(
                    """
                    ALTER TABLE granary.environment DROP COLUMN production, DROP COLUMN encrypted, DROP COLUMN recipients
                    """
                )
                try #expect(StateSchema().exists(session))
                try #expect(Marker().read(session) == .marked("live"))
                try #expect(Marker().policy(session) == nil)
                try Marker().write("live", &session)
                let policy = MarkerPolicy(isProduction: true, requiresEncryption: false, recipients: [])
                try Marker().write("live", policy: policy, &session)
                try #expect(Marker().policy(session) == policy)
            }
        }
    }

    /// A marker is never without its rules, not even for a moment: the row has one version.
    @Test func aMarkerIsWrittenTogetherWithItsRules() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await inSession(url) { session in
                let policy = MarkerPolicy(isProduction: true, requiresEncryption: true, recipients: ["age1one"])
                try Marker().write("live", policy: policy, &session)
                let place = try session.query("SELECT ctid FROM granary.environment")[0].text("ctid")
                #expect(place == "(0,1)")
                try #expect(Marker().policy(session) == policy)
            }
        }
    }

    @Test func encryptionIsRequiredWhateverElseIsStored() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await inSession(url) { session in
                let policy = MarkerPolicy(isProduction: true, requiresEncryption: true, recipients: ["age1one"])
                try Marker().write("live", policy: policy, &session)
                for damage in [
                    "UPDATE granary.environment SET production = NULL",
                    "ALTER TABLE granary.environment DROP COLUMN production",
                    "ALTER TABLE granary.environment DROP COLUMN fingerprint",
                    "ALTER TABLE granary.environment ALTER COLUMN encrypted TYPE text",
                    "ALTER TABLE granary.environment DROP COLUMN single",
                    "INSERT INTO granary.environment (name, encrypted) VALUES ('other', 'false')",
                ] {
                    try session.execute(damage)
                    let read = try Marker().policy(session)
                    #expect(read?.requiresEncryption == true, "\(damage)")
                    #expect(read?.recipients == ["age1one"], "\(damage)")
                }
            }
        }
    }

    @Test func aCopyOfTheDatabaseIsKnownAsOne() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withDatabase { url in
            let policy = MarkerPolicy(isProduction: true, requiresEncryption: true, recipients: [])
            try await inSession(url) { try Marker().write("production", policy: policy, &$0) }
            let name = try await psql(url, "SELECT current_database()")
            try await psql(server.url(database: "postgres"), "CREATE DATABASE \(name)_copy TEMPLATE \(name)")
            let copy = server.url(database: "\(name)_copy")
            try await #expect(inSession(copy) { try Marker().read($0) } == .copy(of: "production"))
            try await #expect(inSession(copy) { try Marker().read($0).name } == nil)
            try await #expect(inSession(copy) { try Marker().policy($0) } == policy)
            try await psql(server.url(database: "postgres"), "DROP DATABASE \(name)_copy")
        }
    }

    @Test func emptyIsWithoutTablesButOurs() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await inSession(url) { session in
                try #expect(Marker().isEmpty(session))
                try Marker().write("test", &session)
                try #expect(Marker().isEmpty(session))
                try session.execute("CREATE SCHEMA s; CREATE TABLE s.t ()")
                try #expect(!Marker().isEmpty(session))
            }
        }
    }

    @Test func tenWhoMakeTheSchemaAtOnceAllFindIt() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask { try await inSession(url) { _ = try StateSchema().ensure(&$0) } }
                }
                try await group.waitForAll()
            }
            try await #expect(inSession(url) { try StateSchema().exists($0) })
        }
    }

    @Test func tablesAreMadeThoughTheyWereMissingWhenLookedFor() async throws {
        try await inNewDatabase { session in
            let before = try StateSchema().examined(session)
            try #expect(!before.exists(session))
            try #expect(before.ensure(&session).exists(session))
            // An examined schema tells what was there then.
            try #expect(!before.exists(session))
            try #expect(before.ensure(&session).exists(session))
        }
    }

    @Test func aReplacedTableIsSeenByAnExaminedSchemaWhoeverAsksForIt() async throws {
        try await inNewDatabase { session in
            try StateSchema().ensure(&session)
            try session.execute("ALTER TABLE granary.seeds ENABLE ROW LEVEL SECURITY")
            let ofMarker = try StateSchema().examined(session, [.environment])
            try ofMarker.requireOrdinary(session, [.environment])
            for schema in [ofMarker, try StateSchema().examined(session)] {
                #expect(throws: PostgresError.self) { try schema.requireOrdinary(session, [.seeds]) }
                #expect(throws: PostgresError.self) { try schema.requireOrdinary(session) }
                try schema.requireOrdinary(session, [.migrations, .log])
            }
        }
    }

    @Test func aRoleWithoutCreateIsToldWhoCanGrantItAndCanWriteAfterwards() async throws {
        let server = try await ThrowawayServer.start()
        try await server.withDatabase { url in
            try await psql(url, "CREATE ROLE plain LOGIN")
            let plain = url.replacing("user=granary", with: "user=plain")
            let error = await #expect(throws: BookkeepingError.self) {
                try await inSession(plain) { try Marker().write("test", &$0) }
            }
            #expect(error?.code == .database)
            #expect(error?.hint?.contains("granary init --grant plain") == true)
            try await inSession(url) { try StateSchema().grant(to: ["plain"], &$0) }
            try await inSession(plain) { try Marker().write("test", &$0) }
            try await #expect(inSession(url) { try Marker().read($0) } == .marked("test"))
        }
        try await server.stop()
    }

    /// A role that may not read the marker sees none. The guard reports that instead of a server error.
    @Test func aRoleWithoutRightsSeesNoMarker() async throws {
        let server = try await ThrowawayServer.start()
        try await server.withDatabase { url in
            try await psql(url, "CREATE ROLE plain LOGIN")
            try await inSession(url) { try Marker().write("test", &$0) }
            let plain = url.replacing("user=granary", with: "user=plain")
            try await #expect(inSession(plain) { try Marker().read($0) } == .unmarked)
        }
        try await server.stop()
    }

    /// As on managed services that restrict pg_control_system().
    @Test func aMarkerHoldsWhereTheServerDoesNotTellItsIdentifier() async throws {
        let server = try await ThrowawayServer.start()
        try await server.withDatabase { url in
            try await psql(url, "CREATE ROLE plain LOGIN")
            let plain = url.replacing("user=granary", with: "user=plain")
            try await inSession(url) { session in
                try Marker().write("test", &session)
                try StateSchema().grant(to: ["plain"], &session)
                try session.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
            }
            try await inSession(plain) { session in
                try #expect(Marker().read(session) == .marked("test"))
                try Marker().write("development", &session)
            }
            try await #expect(inSession(url) { try Marker().read($0) } == .marked("development"))
            let name = try await psql(url, "SELECT current_database()")
            try await psql(server.url(database: "postgres"), "CREATE DATABASE copied TEMPLATE \(name)")
            let copy = server.url(database: "copied").replacing("user=granary", with: "user=plain")
            try await #expect(inSession(copy) { try Marker().read($0) } == .copy(of: "development"))
        }
        try await server.stop()
    }

    @Test func aTableThatIsMissingIsMadeAgain() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await inSession(url) { session in
                try StateSchema().ensure(&session)
                try session.execute("DROP TABLE granary.environment")
                try #expect(!StateSchema().exists(session))
                try Marker().write("test", &session)
                try #expect(Marker().read(session) == .marked("test"))
            }
        }
    }

    /// Roles that had more privileges before lose them.
    @Test func theLogIsOnlyAddedToByThoseWhoMayUseIt() async throws {
        let server = try await ThrowawayServer.start()
        try await server.withDatabase { url in
            try await psql(url, "CREATE ROLE plain LOGIN")
            try await inSession(url) { _ = try StateSchema().ensure(&$0) }
            try await psql(url, "GRANT ALL ON granary.migration_log TO plain")
            try await inSession(url) { try StateSchema().grant(to: ["plain"], &$0) }
            try await #expect(
                psql(
                    url,
                    """
                    SELECT c.relname, string_agg(p, ' ' ORDER BY p) FROM pg_class c,
                        unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
                    WHERE c.relnamespace = 'granary'::regnamespace AND c.relkind = 'r'
                        AND has_table_privilege('plain', c.oid, p) GROUP BY 1 ORDER BY 1
                    """
                ) == """
                    environment|DELETE INSERT SELECT UPDATE
                    migration_log|INSERT SELECT
                    migrations|DELETE INSERT SELECT UPDATE
                    seeds|DELETE INSERT SELECT UPDATE
                    """
            )
            let plain = url.replacing("user=granary", with: "user=plain")
            try await inSession(plain) { session in
                try #expect(StateSchema().mayRead(session))
                try #expect(StateSchema().mayWrite(session))
            }
        }
        try await server.stop()
    }

    @Test func aRoleThatOwnsTheSchemaAndMayMakeNoOtherMakesTheTables() async throws {
        let server = try await ThrowawayServer.start()
        try await server.withDatabase { url in
            try await psql(url, "CREATE ROLE plain LOGIN; CREATE SCHEMA granary AUTHORIZATION plain")
            let plain = url.replacing("user=granary", with: "user=plain")
            try await inSession(plain) { try Marker().write("test", &$0) }
            try await #expect(inSession(plain) { try Marker().read($0) } == .marked("test"))
        }
        try await server.stop()
    }
}
