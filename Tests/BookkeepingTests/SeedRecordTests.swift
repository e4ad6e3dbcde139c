import PostgresClient
import TestSupport
import Testing

@testable import Bookkeeping

@Suite struct SeedRecordTests {
    private static let entry = SeedRecord.Entry(layer: "common", digest: "a", rows: 3, details: "{}")

    private static func record(_ service: String = "shop", _ environment: String = "test") -> SeedRecord {
        SeedRecord(service: service, environment: environment, StateSchema())
    }

    @Test func anEntryIsReadBackForItsServiceAndEnvironmentAlone() async throws {
        try await inNewDatabase { session in
            try StateSchema().ensure(&session)
            var record = Self.record()
            try record.write("common/a.csv", Self.entry, session)
            var (same, other) = (Self.record(), Self.record("shop", "production"))
            try same.read(session)
            try other.read(session)
            #expect(same.entries == ["common/a.csv": Self.entry])
            #expect(other.entries.isEmpty)
        }
    }

    @Test func anUnchangedEntryIsNotWrittenAgain() async throws {
        try await inNewDatabase { session in
            try StateSchema().ensure(&session)
            var record = Self.record()
            try record.write("a", Self.entry, session)
            let place = "SELECT ctid FROM granary.seeds"
            let before = try session.query(place)[0].text("ctid")
            try record.write("a", Self.entry, session)
            try #expect(session.query(place)[0].text("ctid") == before)
        }
    }

    @Test func aServiceIsForgottenInEveryEnvironment() async throws {
        try await inNewDatabase { session in
            try StateSchema().ensure(&session)
            for (service, environment) in [("shop", "test"), ("shop", "staging"), ("pay", "test")] {
                var record = Self.record(service, environment)
                try record.write("a", Self.entry, session)
            }
            try SeedRecord.forget("shop", StateSchema(), session)
            let left = try session.query("SELECT service FROM granary.seeds").map { $0.text("service") }
            #expect(left == ["pay"])
        }
    }
}
