import Migrations
import PostgresClient
import Project
import Synchronization
import TestSupport
import Testing

private final class Attempts: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func add() { value.withLock { $0 += 1 } }
}

/// The effects of a file on its session, its transaction and the lock of the run.
@Suite struct SessionStateTests {
    @Test(arguments: [
        "CREATE TEMP TABLE w (id int); PREPARE p AS SELECT 1;", "DECLARE c CURSOR WITH HOLD FOR SELECT 1; LISTEN x;",
        "-- no-transaction\nCREATE TEMP TABLE w (id int);\nPREPARE p AS SELECT 1;",
        "SELECT set_config('search_path', 'pg_temp', false); CREATE SEQUENCE pg_temp.q; SELECT nextval('pg_temp.q');",
    ])
    func sessionStateDoesNotReachTheNextFile(text: String) async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "\(text) CREATE TABLE public.t1 ();", "2_b.up.sql": "\(text) CREATE TABLE public.t2 ();",
        ]) { project in
            try await #expect(project.up().appliedSteps.map(\.version) == [1, 2])
            try await #expect(
                project.sql("SELECT to_regclass('t1') IS NOT NULL AND to_regclass('t2') IS NOT NULL") == "t"
            )
        }
    }

    @Test func aPreparedStatementDoesNotPreventAnotherAttempt() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE TABLE a ();", "2_b.up.sql": "PREPARE p AS SELECT 1; DROP TABLE a;",
        ]) {
            project in
            try await project.up(1)
            let attempts = Attempts()
            let run = Mutex<Task<MigrationReport, any Error>?>(nil)
            try await project.while("LOCK TABLE a IN ACCESS SHARE MODE", as: "reader") {
                let task = Task {
                    try await project.migrator({ event in
                        if case .retrying = event { attempts.add() }
                    }) {
                        $0.patience = LockPatience(lockTimeout: .milliseconds(100), budget: .seconds(50))
                    }.run(.up(nil))
                }
                run.withLock { $0 = task }
                try await eventually { attempts.count > 0 }
            }
            try await #expect(run.withLock { $0 }!.value.appliedSteps.map(\.version) == [2])
        }
    }

    /// A file that resets all settings and then continues.
    @Test func discardAllReleasesNoLockAndUndoesNoSettingOfOurs() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": """
            -- no-transaction
            CREATE TABLE a (id int);
            DISCARD ALL;
            SELECT pg_advisory_xact_lock(77);
            CREATE TABLE b (t text DEFAULT 'ä');
            """
        ]) { project in
            let run = Mutex<Task<MigrationReport, any Error>?>(nil)
            try await project.while("SELECT pg_advisory_xact_lock(77)", as: "gate") {
                let first = Task {
                    try await project.up { $0.patience = LockPatience(lockTimeout: .seconds(60)) }
                }
                run.withLock { $0 = first }
                try await eventually { try await project.sql(ConcurrencyTests.waits(of: "granary")) == "1" }
                try project.writeMigration(#"{"migration_locking": {"timeout_seconds": 1}}"#, to: "environments.json")
                let second = await failure { try await project.up() }
                #expect(second?.code == .busy)
                try await #expect(project.migrator().status()[0].standings.all[0].isRunning)
            }
            try await #expect(run.withLock { $0 }!.value.appliedSteps.map(\.version) == [1])
            try await #expect(project.sql("INSERT INTO b DEFAULT VALUES RETURNING t") == "ä")
        }
    }

    /// The session with the lock is terminated while the file waits, or by the file itself.
    @Test(arguments: [true, false])
    func aRunThatLosesItsLockStopsBeforeTheNextStatement(isWrapped: Bool) async throws {
        let marker = isWrapped ? "" : "-- no-transaction\n"
        let kill = """
            SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l
            WHERE l.locktype = 'advisory' AND l.pid <> pg_backend_pid()
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        try await TestProject.with(migrations: [
            "1_a.up.sql": "\(marker)CREATE TABLE a ();\n\(kill);\nCREATE TABLE b ();",
            "2_b.up.sql": "CREATE TABLE c ();",
        ]) { project in
            let error = await failure { try await project.up() }
            #expect(error?.code == .busy)
            #expect(error?.description.contains("the lock of this run ended") == true, "\(error?.description ?? "")")
            try await #expect(project.sql("SELECT to_regclass('a') IS NULL") == (isWrapped ? "t" : "f"))
            try await #expect(project.sql("SELECT to_regclass('b') IS NULL AND to_regclass('c') IS NULL") == "t")
            try await #expect(project.states() == (isWrapped ? "1 pending, 2 pending" : "1 failed, 2 pending"))
        }
    }
}

/// Files that roll back their own changes.
@Suite struct RolledBackTests {
    static let refused = [
        "BEGIN;\nCREATE TABLE a (id int);\nROLLBACK;", "BEGIN;\nCREATE TABLE a (id int);\nABORT;",
        "CREATE TABLE a (id int);\n\nROLLBACK;", "START TRANSACTION;\nSELECT 1;\nROLLBACK WORK;",
        "BEGIN; COMMIT; BEGIN;\nCREATE TABLE a ();\nROLLBACK AND CHAIN; COMMIT;",
        "BEGIN;\nCREATE TABLE a ();\nPREPARE TRANSACTION 'x'; ROLLBACK PREPARED 'x';",
        "BEGIN;\nSAVEPOINT s; CREATE TABLE a (); ROLLBACK TO s;\nROLLBACK;",
    ]

    @Test(arguments: refused)
    func aFileThatTakesBackWhatItDoesIsRefused(text: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": text, "1_a.down.sql": "SELECT 1;"]) { project in
            let error = await failure { try await project.up() }
            #expect(error?.code == .file)
            #expect(error?.description.contains("1_a.up.sql:3:") == true, "\(error?.description ?? "")")
            #expect(
                error?.description.contains("line 2") == true || text.hasPrefix("CREATE"),
                "\(error?.description ?? "")"
            )
            try await #expect(project.migrator().status()[0].standings.all.map(\.state) == [.pending])
        }
    }

    @Test(arguments: [
        "BEGIN; SAVEPOINT s; CREATE TABLE e (id int); ROLLBACK TO s; CREATE TABLE f (id int); COMMIT;",
        "SAVEPOINT s; CREATE TABLE e (); SAVEPOINT t; ROLLBACK TO SAVEPOINT s; RELEASE s; CREATE TABLE f ();",
        "CREATE TABLE f (); SAVEPOINT s; DROP TABLE f; ROLLBACK TO s;",
        "BEGIN; ROLLBACK; CREATE TABLE f (id int);", "BEGIN; CREATE TABLE f (id int); COMMIT; ROLLBACK;",
        "CREATE TABLE f (id int); BEGIN; ROLLBACK;",
    ])
    func harmlessRollbacksRun(text: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": text]) { project in
            try project.writeMigration(
                #"{"global_config": {"validate_after_migration": true}}"#,
                to: "dependencies.json"
            )
            try await project.up()
            try await #expect(project.sql("SELECT to_regclass('f') IS NOT NULL AND to_regclass('e') IS NULL") == "t")
            try await #expect(project.migrator().status()[0].disagreements == [])
        }
    }
}
