import Migrations
import Synchronization
import TestSupport
import Testing

/// Several runners at the same time, and locks that other sessions hold.
@Suite struct ConcurrencyTests {
    /// The events of a run.
    final class Diary: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }

        func write(_ event: MigrationEvent) {
            let line: String? =
                switch event {
                case .blocked(let who): "blocked by \(who)"
                case .waitingForRunner(let who): "waiting for \(who)"
                case .retrying(let name, let attempt, _): "retrying \(name) \(attempt)"
                case .note(let text): text
                case .finished(let name, _, _): "finished \(name)"
                default: nil
                }
            if let line { lines.withLock { $0.append(line) } }
        }
    }

    @Test func ofTwentyRunnersEachMigrationIsRunByOneAndAllEndWell() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql":
                "CREATE SCHEMA shop; CREATE TABLE shop.a AS SELECT i AS id FROM generate_series(1, 20000) i; CREATE TABLE shop.runs (version int);",
            "2_b.up.sql": "CREATE INDEX CONCURRENTLY a_id ON shop.a (id);",
            "3_c.up.sql": "INSERT INTO shop.runs VALUES (3); SELECT pg_sleep(0.1);",
            "4_d.up.sql": "CREATE UNIQUE INDEX CONCURRENTLY a_id2 ON shop.a (id);",
            "5_e.up.sql": "INSERT INTO shop.runs VALUES (5);",
        ]) { project in
            let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<20 { group.addTask { try await project.up().appliedSteps.map(\.version) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == [1, 2, 3, 4, 5])
            try await #expect(project.ledger() == "1 2 3 4 5")
            try await #expect(project.sql("SELECT string_agg(version::text, ' ') FROM shop.runs") == "3 5")
            try await #expect(project.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0")
            try await #expect(
                project.sql(
                    "SELECT string_agg(version || outcome, ' ' ORDER BY id) FROM granary.migration_log WHERE outcome <> 'running'"
                )
                    == "1done 2done 3done 4done 5done"
            )
            try await #expect(
                project.sql(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                ) == "0"
            )
        }
    }

    @Test func pastTheTimeLimitTheOthersNameTheHolderAndLeaveEverythingAlone() async throws {
        try await TestProject.with(migrations: [
            "environments.json": #"{"migration_locking": {"timeout_seconds": 1}}"#,
            "1_a.up.sql": "SET application_name = 'the first'; CREATE SCHEMA shop; SELECT pg_advisory_xact_lock(77);",
        ]) { project in
            let run = Mutex<Task<MigrationReport, any Error>?>(nil)
            // The lock of a transaction, which is released with the gate.
            try await project.while("SELECT pg_advisory_xact_lock(77)", as: "gate") {
                let first = Task {
                    try await project.up { $0.patience = LockPatience(lockTimeout: .seconds(60)) }
                }
                try await eventually { try await project.sql(Self.waits(of: "the first")) == "1" }
                for _ in 0..<2 {
                    let diary = Diary()
                    let error = await failure { try await project.migrator(diary.write).run(.up(nil)) }
                    #expect(error?.code == .busy)
                    #expect(error?.description.contains("the first") == true, "\(error?.description ?? "")")
                    #expect(error?.description.contains("process ") == true)
                    #expect(error?.hint?.contains("timeout_seconds") == true)
                    #expect(diary.all.count == 1 && diary.all[0].hasPrefix("waiting for process "), "\(diary.all)")
                }
                run.withLock { $0 = first }
            }
            try await #expect(run.withLock { $0 }!.value.appliedSteps.map(\.version) == [1])
        }
    }

    static func waits(of application: String) -> String {
        """
        SELECT count(*) FROM pg_stat_activity
        WHERE application_name = '\(application)' AND wait_event_type = 'Lock' AND datname = current_database()
        """
    }

    static let alter: KeyValuePairs = [
        "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
        "2_b.up.sql": "CREATE TABLE shop.b (); ALTER TABLE shop.a ADD note text;",
    ]

    @Test func theHolderOfALockIsNamedAndTheMigrationSucceedsAfterItsRelease() async throws {
        try await TestProject.with(migrations: Self.alter) { project in
            try await project.up(1)
            let diary = Diary()
            let run = Mutex<Task<MigrationReport, any Error>?>(nil)
            try await project.while("LOCK TABLE shop.a IN ACCESS SHARE MODE", as: "a long report") {
                let task = Task {
                    try await project.migrator(diary.write) {
                        $0.patience = LockPatience(lockTimeout: .milliseconds(1500), budget: .seconds(50))
                    }.run(.up(nil))
                }
                run.withLock { $0 = task }
                try await eventually {
                    diary.all.contains { $0.hasPrefix("blocked by") } && diary.all.contains { $0.hasPrefix("retry") }
                }
            }
            try await #expect(run.withLock { $0 }!.value.appliedSteps.map(\.version) == [2])
            #expect(diary.all.contains { $0.contains("a long report") }, "\(diary.all)")
            try await #expect(project.ledger() == "1 2")
            try await #expect(project.sql("SELECT count(note) FROM shop.a") == "0")
        }
    }

    /// In granary's transaction, in the file's own transaction, and without one.
    @Test(arguments: [
        "CREATE TABLE shop.b (); ALTER TABLE shop.a ADD note text;",
        "BEGIN; CREATE TABLE shop.b (); ALTER TABLE shop.a ADD note text; COMMIT;",
        "-- no-transaction\nALTER TABLE shop.a ADD note text;",
    ])
    func whenTheBudgetIsSpentItGivesUpAndNothingRemains(text: String) async throws {
        try await TestProject.with(migrations: Self.alter) { project in
            try project.writeMigration(text, to: "2_b.up.sql")
            try await project.up(1)
            let diary = Diary()
            try await project.while("LOCK TABLE shop.a IN ACCESS SHARE MODE", as: "a long report") {
                let error = await failure {
                    try await project.migrator(diary.write) {
                        $0.patience = LockPatience(lockTimeout: .milliseconds(100), budget: .seconds(10))
                    }.run(.up(nil))
                }
                #expect(error?.code == .busy)
                #expect(error?.sqlState == "55P03")
                #expect(error?.description.contains("2_b.up.sql:") == true)
                #expect(error?.description.contains("was rolled back") == true, "\(error?.description ?? "")")
            }
            #expect(diary.all.contains("retrying 2_b 2"))
            try await #expect(project.sql("SELECT to_regclass('shop.b') IS NULL") == "t")
            try await #expect(project.states() == "1 applied, 2 failed")
            try await #expect(
                project.sql("SELECT outcome, sqlstate FROM granary.migration_log ORDER BY id DESC LIMIT 1")
                    == "failed|55P03"
            )
            try await #expect(project.up().appliedSteps.map(\.version) == [2])
            try await #expect(project.states() == "1 applied, 2 applied")
        }
    }

    /// Timeouts of a role are meant for its queries. They must not interrupt a migration, even after a file that resets
    /// all settings.
    @Test func theRolesTimeoutsDoNotCutAMigrationShort() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "-- no-transaction\nRESET ALL;",
            "2_b.up.sql": "CREATE SCHEMA shop; SELECT pg_sleep(0.6);",
            "3_c.up.sql":
                "-- no-transaction\nCREATE TABLE shop.a AS SELECT current_setting('statement_timeout') AS s, current_setting('client_connection_check_interval') AS c;",
        ]) { project in
            let name = try await project.sql("SELECT current_database()")
            try await project.sql("ALTER DATABASE \(name) SET statement_timeout = '300ms'")
            try await project.up()
            try await #expect(project.sql("SELECT s, c FROM shop.a") == "0|1s")
        }
    }
}
