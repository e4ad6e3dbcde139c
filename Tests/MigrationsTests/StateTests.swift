import Bookkeeping
import Migrations
import PostgresClient
import Project
import TestSupport
import Testing

/// The states of `status`, and their meaning for the next run.
@Suite struct StateTests {
    static let two: KeyValuePairs = [
        "1_a.up.sql": "CREATE SCHEMA shop;", "1_a.down.sql": "DROP SCHEMA shop CASCADE;",
        "2_b.up.sql": "CREATE TABLE shop.b ();", "2_b.down.sql": "DROP TABLE shop.b;",
    ]

    @Test func aBaselineRecordsMigrationsWithoutRunningThem() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            try project.writeMigration("CREATE TABLE public.c ();", to: "3_c.up.sql")
            let unknown = await failure { try await project.migrator().baseline(7) }
            #expect(unknown?.code == .usage)
            try await #expect(project.migrator().baseline(2) == ["1_a", "2_b"])
            try await #expect(project.sql("SELECT to_regnamespace('shop') IS NULL") == "t")
            try await #expect(project.states() == "1 unverified, 2 unverified, 3 pending")
            try await #expect(
                project.sql("SELECT string_agg(event || version, ' ' ORDER BY id) FROM granary.migration_log")
                    == "baseline1 baseline2"
            )
            let again = await failure { try await project.migrator().baseline(3) }
            #expect(again?.code == .policy)
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            // A migration that granary did not run can still be reverted with its file.
            try await project.sql("CREATE SCHEMA shop; CREATE TABLE shop.b ()")
            try project.writeMigration("DROP TABLE public.c;", to: "3_c.down.sql")
            try await #expect(project.down(2).revertedSteps.map(\.version) == [3, 2])
        }
    }

    @Test func anAppliedMigrationWithoutFileIsMissingAndBlocksOnlyItsDown() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            try await project.up()
            try project.folder.remove("migrations/2_b.up.sql")
            try project.folder.remove("migrations/2_b.down.sql")
            try project.writeMigration("CREATE TABLE shop.c ();", to: "3_c.up.sql")
            try project.writeMigration("DROP TABLE shop.c;", to: "3_c.down.sql")
            try await #expect(project.states() == "1 applied, 2 missing, 3 pending")
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            // The ledger has stored its down file.
            try await #expect(project.down(2).revertedSteps.map(\.version) == [3, 2])
            try await #expect(project.sql("SELECT to_regclass('shop.b') IS NULL") == "t")
            try await #expect(project.states() == "1 applied, 3 pending")
        }
    }

    static let half: KeyValuePairs = [
        "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
        "2_b.up.sql": "-- no-transaction\nCREATE TABLE shop.b ();\nLOCK TABLE shop.a;\nSELECT 1 / 0;",
    ]

    /// Part of a file is in the database whether the file exists or not.
    @Test func anInterruptedMigrationIsShownWithoutItsFileAndBlocksNoOther() async throws {
        try await TestProject.with(migrations: Self.half) { project in
            try project.writeMigration(
                "-- no-transaction\nCREATE TABLE shop.b ();\nSELECT 1 / 0;",
                to: "2_b.up.sql"
            )
            _ = await failure { try await project.up() }
            try project.folder.remove("migrations/2_b.up.sql")
            try await #expect(project.states() == "1 applied, 2 newer")
            let standing = try await project.migrator().status()[0].standings.all[1]
            #expect(standing.name == "2_b")
            #expect(standing.unfinished?.statementsDone == 1)
            let error = await failure { try await project.migrator().repair(trusting: nil) }
            #expect(error?.description == "2_b was interrupted, but its up file is gone")
            try project.writeMigration("SELECT 1;", to: "3_c.up.sql")
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            try await #expect(project.states() == "1 applied, 2 failed, 3 applied")
        }
    }

    @Test func aMigrationOfAnotherRunnerIsRunningNotFailed() async throws {
        try await TestProject.with(migrations: Self.half) { project in
            try project.writeMigration(
                "-- no-transaction\nCREATE TABLE shop.b ();\nSELECT pg_advisory_xact_lock(77);\nSELECT 2;",
                to: "2_b.up.sql"
            )
            try await project.up(1)
            try await project.while("SELECT pg_advisory_xact_lock(77)", as: "the gate") {
                let run = Task {
                    try await project.up {
                        $0.patience = LockPatience(lockTimeout: .seconds(60), budget: .seconds(60))
                    }
                }
                let waiting =
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                try await eventually { try await project.sql(waiting) == "1" }
                let standing = try await project.migrator().status()[0].standings.all[1]
                #expect(standing.state == .pending)
                #expect(standing.isRunning)
                #expect(standing.doubt == nil)
                #expect(standing.unfinished?.statementsDone == 1)
                #expect(standing.unfinished?.runner?.contains("granary") == true)
                // Its session is terminated in the middle of the run.
                try await project.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
                _ = try? await run.value
                try await #expect(project.states() == "1 applied, 2 failed")
            }
            _ = try await project.migrator().repair(trusting: nil)
            try await #expect(project.states() == "1 applied, 2 applied")
        }
    }

    /// A restore of the service's schemas or of everything replaces what a run has left.
    @Test(arguments: [
        ("shop", "schemas shop", true), ("", "database", true), ("", "rows", false), ("other", "schemas other", false),
    ])
    func interruptedRunsBeforeARestoreLeaveNothing(
        _ restored: (service: String, name: String, ends: Bool)
    ) async throws {
        try await TestProject.with(migrations: Self.half) { project in
            try project.writeMigration("-- no-transaction\nCREATE TABLE shop.b ();\nSELECT 1 / 0;", to: "2_b.up.sql")
            _ = await failure { try await project.up() }
            try await #expect(project.states() == "1 applied, 2 failed")
            try await project.sql(
                """
                INSERT INTO granary.migration_log (service, name, event, actor, started_at, outcome)
                VALUES ('\(restored.service)', '\(restored.name)', 'restored', 'me', now(), 'done')
                """
            )
            try await #expect(project.states() == "1 applied, 2 \(restored.ends ? "pending" : "failed")")
        }
    }

    /// The log is only appended to, so a role that may do nothing else with it can run every kind of file.
    @Test func aRoleWithoutTheRightToChangeTheLogRunsEveryKindOfFile() async throws {
        let server = try await ThrowawayServer.start()
        try await TestProject.with(
            migrations: [
                "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
                "2_b.up.sql": "CREATE INDEX CONCURRENTLY i ON shop.a (id);",
                "2_b.down.sql": "DROP INDEX CONCURRENTLY shop.i;",
                "3_c.up.sql": "-- no-transaction\nSELECT 1;\nSELECT 1 / 0;",
            ],
            on: server
        ) { project in
            let name = try await project.sql("SELECT current_database()")
            try await project.sql("CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE \(name) TO plain")
            try await withSession(ServerAddress(project.url), logger: quietLogger) {
                try StateSchema().grant(to: ["plain"], &$0)
            }
            let plain = TestProject(
                server: server,
                url: project.url.replacing("user=granary", with: "user=plain"),
                folder: project.folder
            )
            let error = await failure { try await plain.up() }
            #expect(error?.sqlState == "22012")
            try project.writeMigration("-- no-transaction\nSELECT 1;\nSELECT 2;", to: "3_c.up.sql")
            _ = try await plain.migrator().repair(trusting: nil)
            try await #expect(plain.states() == "1 applied, 2 applied, 3 applied")
            try project.writeMigration("-- nothing to undo", to: "3_c.down.sql")
            try await plain.down(2)
            try await #expect(plain.ledger() == "1")
        }
        try await server.stop()
    }

    @Test func theNextAttemptOfAFailedFileIsFreeWhenNothingOfItRemains() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            try project.writeMigration("SELECT * FROM shop.later;", to: "3_c.up.sql")
            _ = await failure { try await project.up() }
            try await #expect(project.states() == "1 applied, 2 applied, 3 failed")
            try await project.sql("CREATE TABLE shop.later ()")
            // The text is the same; the error had another cause.
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            try await #expect(project.states() == "1 applied, 2 applied, 3 applied")
        }
    }

    @Test func anInterruptedDownIsFailedAndBlocksUpUntilRepaired() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            try project.writeMigration("-- no-transaction\nDROP TABLE shop.b;\nSELECT 1 / 0;", to: "2_b.down.sql")
            try await project.up()
            let error = await failure { try await project.down() }
            #expect(error?.description.contains("the first 1 of its 2 statements remain in effect") == true)
            try await #expect(project.states() == "1 applied, 2 failed")
            for request in [MigrationRequest.up(nil), .down(1)] {
                let blocked = await failure { try await project.migrator().run(request) }
                #expect(blocked?.code == .disagreement)
            }
            try project.writeMigration("-- no-transaction\nDROP TABLE shop.b;\nSELECT 1 / 1;", to: "2_b.down.sql")
            _ = try await project.migrator().repair(trusting: nil)
            try await #expect(project.states() == "1 applied, 2 pending")
            try await #expect(project.up().appliedSteps.map(\.version) == [2])
        }
    }

    @Test func repairRefusesAFileWhoseDonePartIsGone() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            try project.writeMigration(
                "-- no-transaction\nCREATE TABLE shop.x ();\nCREATE TABLE shop.y ();\nSELECT 1 / 0;",
                to: "3_c.up.sql"
            )
            _ = await failure { try await project.up() }
            try project.writeMigration("-- no-transaction\nSELECT 1;", to: "3_c.up.sql")
            let error = await failure { try await project.migrator().repair(trusting: nil) }
            #expect(error?.code == .disagreement)
            #expect(error?.description.hasSuffix("3_c.up.sql was changed: of its 3 statements 2 had run") == true)
            try project.folder.remove("migrations/3_c.up.sql")
            try project.writeMigration("", to: "3_c.down.sql")
            let gone = await failure { try await project.migrator().repair(trusting: nil) }
            #expect(gone?.code == .file)
        }
    }
}
