import PostgresClient
import TestSupport
import Testing

@testable import Bookkeeping

/// The tables `migrations` and `migration_log`.
@Suite struct LedgerTests {
    private static let state = StateSchema()
    private static let context = RunContext(environment: "test", actor: "me", host: "here", toolVersion: "1")

    private static func row(_ version: Int, layer: String = "", requires: [String] = []) -> LedgerEntry {
        LedgerEntry(
            version: version,
            name: "\(version)_a",
            layer: layer,
            upSHA256: "up",
            downSHA256: nil,
            downSQL: "DROP TABLE \"t\"",
            isVerified: true,
            appliedBy: "me",
            milliseconds: 7,
            requires: requires
        )
    }

    private static func run(_ version: Int, _ outcome: String, done: Int = 0, wrapped: Bool = false) -> LogEntry {
        var entry = LogEntry("up", version: version, context)
        entry.outcome = outcome
        entry.statementsDone = done
        entry.statementsTotal = 3
        entry.isWrapped = wrapped
        return entry
    }

    @Test func withoutALedgerNothingIsApplied() async throws {
        try await inNewDatabase { session in
            let ledger = Ledger(service: "shop", Self.state, session)
            try #expect(ledger.entries(session).isEmpty)
            try #expect(ledger.unfinishedRuns(session).isEmpty)
            try #expect(ledger.adoptedTable(session) == nil)
        }
    }

    @Test func aRowIsReadBackWithTheTimeOfItsWriting() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let ledger = Ledger(service: "shop", Self.state, session)
            try ledger.recordUp(
                Self.row(1, requires: ["user-service/3"]),
                LogEntry("up", version: 1, Self.context),
                session
            )
            var entry = try #require(ledger.entries(session).first)
            #expect(entry.appliedAt.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/#) != nil)
            (entry.appliedAt, entry.order) = ("", 0)
            #expect(entry == Self.row(1, requires: ["user-service/3"]))
        }
    }

    @Test func rowsThatComeBackKeepTheirTimesToTheMicrosecond() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let ledger = Ledger(service: "shop", Self.state, session)
            for version in [2, 1] { try ledger.addRow(Self.row(version), session) }
            let before = try Ledger.all(Self.state, session)["shop"] ?? []
            #expect(before.map(\.version) == [2, 1])
            try ledger.replace(with: before, session)
            let after = try Ledger.all(Self.state, session)["shop"] ?? []
            #expect(after.map(\.appliedAt) == before.map(\.appliedAt))
            #expect(after.map(\.version) == [2, 1])
        }
    }

    @Test func aRowKeptByATriggerIsReported() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let ledger = Ledger(service: "shop", Self.state, session)
            try ledger.addRow(Self.row(1), session)
            try session.execute(
                """
                CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                CREATE TRIGGER keep BEFORE DELETE ON granary.migrations FOR EACH ROW EXECUTE FUNCTION public.keep()
                """
            )
            try #expect(!ledger.removeRow(1, session))
            try session.execute("DROP TRIGGER keep ON granary.migrations")
            try #expect(ledger.removeRow(1, session))
        }
    }

    @Test func aServiceIsForgottenAndTheOthersStay() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            for name in ["shop", "pay"] { try Ledger(service: name, Self.state, session).addRow(Self.row(1), session) }
            try Ledger(service: "shop", Self.state, session).forget(session)
            try #expect(Ledger.applied(Self.state, session).map(\.service) == ["pay"])
        }
    }

    @Test func theLastRunOfAVersionShowsWhetherItIsUnfinished() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let ledger = Ledger(service: "shop", Self.state, session)
            for entry in [
                Self.run(1, "failed", done: 1), Self.run(1, "done", done: 3), Self.run(2, "running", done: 1),
                Self.run(3, "failed", wrapped: true),
            ] { try ledger.append(entry, session) }
            let runs = try ledger.unfinishedRuns(session)
            #expect(runs.keys.sorted() == [2, 3])
            #expect(runs[2]?.leavesSomething == true)
            #expect(runs[3]?.leavesSomething == false)
        }
    }

    @Test func onlyRunsThatLeftSomethingAreCarriedOverARestore() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let ledger = Ledger(service: "shop", Self.state, session)
            for entry in [Self.run(2, "running", done: 1), Self.run(3, "failed", wrapped: true)] {
                try ledger.append(entry, session)
            }
            try ledger.append(LogEntry("adopt", note: "s\u{1F}t", Self.context), session)
            let carried = try ledger.log.carriedEntries(session).map(\.entry)
            #expect(carried.map(\.event) == ["up", "adopt"])
            #expect(carried[0].version == 2)
            #expect(carried[0].startedAt.wholeMatch(of: #/.*\.\d{6}Z/#) != nil)
        }
    }

    @Test func aResetEndsWhatWasUnfinished() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let ledger = Ledger(service: "shop", Self.state, session)
            try ledger.append(Self.run(2, "failed", done: 1), session)
            try ledger.append(LogEntry("reset", Self.context), session)
            try #expect(ledger.unfinishedRuns(session).isEmpty)
        }
    }

    @Test func theLastAdoptionCounts() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let ledger = Ledger(service: "shop", Self.state, session)
            let tables = ["a", "b"].map { TableName(schema: $0, name: "schema_migrations") }
            for table in tables { try ledger.append(LogEntry("adopt", note: table.note, Self.context), session) }
            try #expect(ledger.adoptedTable(session) == tables[1])
            try ledger.append(LogEntry("adopt", note: "", Self.context), session)
            try #expect(ledger.adoptedTable(session) == nil)
        }
    }

    /// golang-migrate reads the base files if there are any, otherwise those of the environment.
    @Test func thoseWhoShareATableWantTheirHighestVersionOfTheFilesThatGolangMigrateReads() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let table = TableName(schema: "public", name: "schema_migrations")
            for (name, rows) in [
                ("pay", [Self.row(1), Self.row(4, layer: "test")]), ("mail", [Self.row(3, layer: "test")]), ("new", []),
            ] {
                let ledger = Ledger(service: name, Self.state, session)
                for row in rows { try ledger.addRow(row, session) }
                try ledger.append(LogEntry("adopt", note: table.note, Self.context), session)
            }
            let shop = Ledger(service: "shop", Self.state, session)
            try #expect(shop.sharers(of: table, session) == ["pay": 1, "mail": 3])
            try #expect(Ledger(service: "pay", Self.state, session).sharers(of: table, session) == ["mail": 3])
        }
    }

    @Test func theLogIsCopiedAndPutInPlaceOfAnother() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            let log = MigrationLog(Self.state, session)
            let empty = try log.copy(&session)
            #expect(empty == nil)
            for event in ["up", "down"] {
                try log.append(LogEntry(event, note: "a\tb", Self.context), service: "shop", session)
            }
            let copied = try log.copy(&session)
            let copy = try #require(copied)
            try log.append(LogEntry("up", Self.context), service: "other", session)
            try log.replace(with: copy, &session)
            let again = try log.copy(&session)
            #expect(again == copy)
        }
    }

    @Test func anEntryWithoutAnActorIsOfTheSessionsUser() async throws {
        try await inNewDatabase { session in
            try Self.state.ensure(&session)
            try MigrationLog(Self.state, session)
                .append(LogEntry("restored", RunContext(environment: "")), service: "", session)
            let row = try session.query("SELECT actor = session_user AS own FROM granary.migration_log")[0]
            #expect(row.bool("own"))
        }
    }
}
