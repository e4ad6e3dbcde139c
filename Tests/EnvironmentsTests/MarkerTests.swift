import Environments
import PostgresClient
import TestSupport
import Testing

@Suite struct MarkerTests {
    private func request(
        _ option: String?,
        file: EnvironmentsFile = .usual,
        isOwnLocalServer: Bool = false
    ) -> EnvironmentRequest {
        EnvironmentRequest(option: option, variables: [:], file: file, isOwnLocalServer: isOwnLocalServer)
    }

    @Test func aMarkerIsReadBackAndReplaced() async throws {
        try await withDatabaseSession { session in
            try #expect(Marker.read(session) == nil)
            try #expect(MarkerState(of: session) == .unmarked)
            let written = try Marker.write("staging", &session)
            #expect(written.name == "staging")
            #expect(written.markedBy == "granary")
            try #expect(Marker.read(session) == written)
            try #expect(MarkerState(of: session) == .marked(written))
            try Marker.write("production", &session)
            try #expect(MarkerState(of: session).environment == "production")
            try #expect(session.query("SELECT count(*) AS n FROM granary.environment")[0].int("n") == 1)
            #expect(throws: EnvironmentsError.self) { try Marker.write("a b", &session) }
        }
    }

    @Test func theFingerprintNamesServerAndDatabase() async throws {
        try await withDatabaseSession { session in
            let row = try session.query(
                """
                SELECT (SELECT system_identifier FROM pg_control_system()) AS system,
                       (SELECT oid FROM pg_database WHERE datname = current_database()) AS oid
                """
            )[0]
            try #expect("\(Fingerprint(of: session))" == "\(row.text("system"))/\(row.text("oid"))")
        }
    }

    @Test func ordinaryRolesSeeTheSameFingerprintAndOthersCompareWhatTheyKnow() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.execute("CREATE ROLE marker_clerk LOGIN")
        try await server.withDatabase { url in
            let clerk = ServerAddress(url).setting("user", to: "marker_clerk")
            let full = try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try Marker.write("qa", &session)
                try StateSchema.usual.grant(to: ["marker_clerk"], &session)
                return try Fingerprint(of: session)
            }
            try await withSession(clerk, logger: quietLogger) { try #expect(Fingerprint(of: $0) == full) }
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
            }
            try await withSession(clerk, logger: quietLogger) { session in
                try #expect(Fingerprint(of: session) == Fingerprint(system: nil, database: full.database))
                try #expect(MarkerState(of: session).environment == "qa")
                try Marker.write("qa2", &session)
            }
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try #expect(MarkerState(of: session).environment == "qa2")
                try session.execute("DROP SCHEMA granary CASCADE")
            }
        }
        try await server.execute("DROP ROLE marker_clerk")
    }

    @Test func fingerprintsMatchAsFarAsBothKnow() throws {
        let known = try #require(Fingerprint("7/5"))
        #expect(known == Fingerprint(system: "7", database: 5))
        #expect("\(known)" == "7/5")
        #expect(!known.matches(Fingerprint(system: "8", database: 5)))
        #expect(!known.matches(Fingerprint(system: "7", database: 6)))
        #expect(known.matches(Fingerprint(system: nil, database: 5)))
        #expect(!Fingerprint(system: nil, database: 6).matches(known))
        #expect(Fingerprint("-/5") == Fingerprint(system: nil, database: 5))
        for text in ["", "7", "7/", "/5", "7/x", "7/5/1", "7/-1", "copy"] { #expect(Fingerprint(text) == nil) }
    }

    @Test func aDatabaseMadeFromATemplateIsACopy() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withDatabase("marker_original") { url in
            let marker = try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.execute("CREATE TABLE orders (id int)")
                return try Marker.write("production", &session)
            }
            try await server.withDatabase("marker_copy", template: "marker_original") { url in
                try await withSession(ServerAddress(url), logger: quietLogger) { session in
                    try #expect(MarkerState(of: session) == .copy(of: marker))
                    let error = #expect(throws: EnvironmentsError.self) {
                        _ = try request(nil).admit(writing: true, &session)
                    }
                    #expect(error?.message.contains("is a copy of production") == true)
                    try Marker.write("staging", &session)
                    try #expect(MarkerState(of: session).environment == "staging")
                }
            }
        }
    }

    @Test func anEmptyDatabaseIsMarkedOnlyWhenTheEnvironmentIsGiven() async throws {
        try await withDatabaseSession { session in
            try session.execute("CREATE EXTENSION IF NOT EXISTS plpgsql")
            #expect(throws: EnvironmentsError.self) { _ = try request(nil).admit(writing: true, &session) }
            try #expect(request("staging").admit(writing: false, &session).marker == .unmarked)
            try #expect(Marker.read(session) == nil)
            let admitted = try request("staging").admit(writing: true, &session)
            #expect(admitted.isNewlyMarked)
            #expect(admitted.name == "staging")
            try session.execute("CREATE TABLE t (a int)")
            let again = try request(nil).admit(writing: true, &session)
            #expect(again.choice == EnvironmentChoice("staging", .marker))
            #expect(!again.isNewlyMarked)
            let error = #expect(throws: EnvironmentsError.self) {
                _ = try request("production").admit(writing: true, &session)
            }
            #expect(error?.code == .refused)
            try #expect(Marker.read(session)?.name == "staging")
        }
    }

    @Test func aTableMakesADatabaseANonEmptyOne() async throws {
        for statement in ["CREATE TABLE t (a int)", "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a"] {
            try await withDatabaseSession { session in
                try session.execute(statement)
                #expect(throws: EnvironmentsError.self) { _ = try request("staging").admit(writing: true, &session) }
                try #expect(Marker.read(session) == nil)
            }
        }
    }

    @Test func theLocalServerIsMarkedDevelopment() async throws {
        try await withDatabaseSession { session in
            try session.execute("CREATE TABLE t (a int)")
            let admitted = try request(nil, isOwnLocalServer: true).admit(writing: true, &session)
            #expect(admitted.choice == EnvironmentChoice("development", .localServer))
            try #expect(MarkerState(of: session).environment == "development")
        }
    }

    @Test func theFilesPolicyComesWithTheEnvironment() async throws {
        let file = try environmentsFile("{\"environments\": {\"qa\": {\"config\": {\"backup_required\": true}}}}")
        try await withDatabaseSession { session in
            let admitted = try request("qa", file: file).admit(writing: true, &session)
            #expect(admitted.policy.requiresBackup)
        }
    }
}
