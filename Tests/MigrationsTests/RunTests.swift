import Migrations
import TestSupport
import Testing

/// Up, down, goto and redo on a real server.
@Suite struct RunTests {
    static let three: KeyValuePairs = [
        "000001_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
        "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
        "000002_b.up.sql": "CREATE TABLE shop.b (id int);\nINSERT INTO shop.b VALUES (1), (2);",
        "000002_b.down.sql": "DROP TABLE shop.b;",
        "000010_c.up.sql": "ALTER TABLE shop.b ADD note text;",
        "000010_c.down.sql": "ALTER TABLE shop.b DROP note;",
    ]

    @Test func upAppliesInTheOrderOfTheNumbersAndDownGoesBack() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await #expect(project.states() == "1 pending, 2 pending, 10 pending")
            let report = try await project.up()
            #expect(report.appliedSteps.map(\.version) == [1, 2, 10])
            #expect(report.version == 10)
            try await #expect(project.states() == "1 applied, 2 applied, 10 applied")
            try await #expect(project.ledger() == "1 2 10")
            try await #expect(project.down().revertedSteps.map(\.version) == [10])
            try await #expect(project.down(2).revertedSteps.map(\.version) == [2, 1])
            try await #expect(project.ledger() == "")
            try await #expect(project.sql("SELECT to_regnamespace('shop') IS NULL") == "t")
            try await #expect(project.up().appliedSteps.count == 3)
            try await #expect(project.up().appliedSteps.isEmpty)
            #expect(
                try await project.sql("SELECT string_agg(event || version, ' ' ORDER BY id) FROM granary.migration_log")
                    == "up1 up2 up10 down10 down2 down1 up1 up2 up10"
            )
        }
    }

    @Test func gotoGoesEitherWayAndSoManyAreSoMany() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await #expect(project.migrator().run(.goto(2)).appliedSteps.map(\.version) == [1, 2])
            try await #expect(project.migrator().run(.goto(10)).appliedSteps.map(\.version) == [10])
            try await #expect(project.migrator().run(.goto(1)).revertedSteps.map(\.version) == [10, 2])
            try await #expect(project.up(1).appliedSteps.map(\.version) == [2])
            try await #expect(project.migrator().run(.goto(0)).revertedSteps.map(\.version) == [2, 1])
            let error = await failure { try await project.migrator().run(.goto(7)) }
            #expect(error?.code == .usage)
        }
    }

    /// The order of application counts, not that of the numbers.
    @Test(arguments: [("000002_b", 1), ("000010_c", 2), ("000001_a", 3)])
    func theHintSaysHowManyMigrationsRedoMustRevert(edited: String, count: Int) async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.up()
            try await project.sql("UPDATE granary.migrations SET applied_order = DEFAULT WHERE version = 2")
            try project.writeMigration("SELECT 1;", to: "\(edited).up.sql")
            let error = await failure { try await project.up() }
            let words = count > 1 ? "`granary migrate redo \(count)`" : "`granary migrate redo`"
            #expect(error?.hint?.contains(words) == true, "\(error?.hint ?? "")")
        }
    }

    @Test func redoRevertsAndAppliesAgain() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.up()
            try project.writeMigration("ALTER TABLE shop.b ADD note text, ADD more text;", to: "000010_c.up.sql")
            try await #expect(project.states() == "1 applied, 2 applied, 10 modified")
            let error = await failure { try await project.up() }
            #expect(error?.code == .policy)
            #expect(error?.description.contains("was edited after it was applied") == true)
            #expect(error?.hint?.contains("`granary migrate redo` applies the edited file") == true)
            let report = try await project.migrator().run(.redo(1))
            #expect(report.revertedSteps.map(\.version) == [10])
            #expect(report.appliedSteps.map(\.version) == [10])
            try await #expect(project.states() == "1 applied, 2 applied, 10 applied")
            try await #expect(project.sql("SELECT more IS NULL FROM shop.b LIMIT 1") == "t")
        }
    }

    @Test func aFailureLeavesNothingOfTheFileAndNamesThePlace() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try project.writeMigration(
                "CREATE TABLE shop.x (id int);\n\n  INSERT INTO shop.x SELECT nothing\n  FROM shop.b;",
                to: "000003_x.up.sql"
            )
            let error = await failure { try await project.up() }
            #expect(error?.code == .statement)
            #expect(error?.sqlState == "42703")
            #expect(
                error?.description.hasPrefix(
                    "\(project.migrations)/000003_x.up.sql:3:29: column \"nothing\" does not exist (SQLSTATE 42703)"
                ) == true,
                "\(error?.description ?? "")"
            )
            #expect(error?.description.contains("done before it: 000001_a, 000002_b") == true)
            try await #expect(project.sql("SELECT to_regclass('shop.x') IS NULL") == "t")
            try await #expect(project.states() == "1 applied, 2 applied, 3 failed, 10 pending")
            try await #expect(
                project.sql(
                    "SELECT event, outcome, statements_done, statements_total, sqlstate FROM granary.migration_log ORDER BY id DESC LIMIT 1"
                ) == "up|failed|0|2|42703"
            )
            // A usual runbook now says "down", which would lose data.
            for request in [MigrationRequest.down(1), .redo(1), .goto(1)] {
                let refused = await failure { try await project.migrator().run(request) }
                #expect(refused?.code == .policy)
                #expect(refused?.hint?.contains("--confirm-version 2") == true)
            }
            try await #expect(project.down { $0.confirmed = 2 }.revertedSteps.map(\.version) == [2])
            try await project.up(1)
            try project.writeMigration("CREATE TABLE shop.x (id int);", to: "000003_x.up.sql")
            try await #expect(project.up().appliedSteps.map(\.version) == [3, 10])
        }
    }

    /// A usual runbook now says "down", which would revert an earlier migration below the half of the failed one.
    @Test func besideAHalfAppliedMigrationNoEarlierOneIsReverted() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.up(2)
            try project.writeMigration(
                "-- no-transaction\nCREATE TABLE shop.x (id int);\nSELECT nothing;",
                to: "000003_x.up.sql"
            )
            _ = await failure { try await project.up() }
            try await #expect(project.states() == "1 applied, 2 applied, 3 failed, 10 pending")
            for request in [MigrationRequest.down(1), .down(nil), .redo(1), .goto(1)] {
                let refused = await failure { try await project.migrator().run(request) }
                #expect(refused?.code == .policy)
                try await #expect(project.migrator().plan(request).obstacles.first == refused)
                let words = "000003_x was interrupted after statement 1 of 2, and this would revert"
                #expect(refused?.description.contains(words) == true, "\(refused?.description ?? "")")
                #expect(refused?.hint?.contains("--confirm-version 2") == true)
            }
            try await #expect(project.ledger() == "1 2")
            try await #expect(project.down { $0.confirmed = 2 }.revertedSteps.map(\.version) == [2])
        }
    }

    @Test func aVersionThatIsConfirmedButNotRevertedRefusesTheRun() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.up()
            for request in [MigrationRequest.down(1), .redo(1), .goto(2)] {
                let refused = await failure { try await project.migrator { $0.confirmed = 1 }.run(request) }
                #expect(refused?.code == .policy)
                #expect(
                    refused?.description.contains("--confirm-version names 1, but this would revert 000010_c") == true,
                    "\(refused?.description ?? "")"
                )
            }
            try await #expect(project.ledger() == "1 2 10")
            try await #expect(project.down(3) { $0.confirmed = 1 }.revertedSteps.map(\.version) == [10, 2, 1])
            try await project.up()
            try await #expect(project.down(nil) { $0.confirmed = 0 }.revertedSteps.count == 3)
        }
    }

    @Test func aLateLowerNumberIsAppliedOnlyWhenThatIsSaid() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.up()
            try project.writeMigration("CREATE TABLE shop.late ();", to: "000005_late.up.sql")
            try await #expect(project.states() == "1 applied, 2 applied, 5 out_of_order, 10 applied")
            let error = await failure { try await project.up() }
            #expect(error?.code == .policy)
            #expect(error?.hint?.contains("--allow-out-of-order") == true)
            try await #expect(project.up { $0.allowsOutOfOrder = true }.appliedSteps.map(\.version) == [5])
            // The last applied migration is reverted first.
            try project.writeMigration("DROP TABLE shop.late;", to: "000005_late.down.sql")
            try await #expect(project.down().revertedSteps.map(\.version) == [5])
        }
    }

    @Test func aMissingDownFileStopsOnlyDownAndAnEmptyOneIsIrreversible() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop;", "2_b.up.sql": "CREATE TABLE shop.b ();", "2_b.down.sql": "-- later\n",
        ]) { project in
            try await project.up()
            let empty = await failure { try await project.down() }
            #expect(empty?.code == .policy)
            #expect(empty?.message.contains("is empty") == true)
            let before = await failure { try await project.down(2) }
            #expect(before != nil)
            try await #expect(project.ledger() == "1 2")
            try project.writeMigration("-- nothing to undo\n", to: "2_b.down.sql")
            try await #expect(project.down().revertedSteps.map(\.version) == [2])
            let missing = await failure { try await project.down() }
            #expect(missing?.code == .file)
            #expect(missing?.message.contains("has no down file") == true)
        }
    }

    @Test func twoFilesOfOneNumberAreNamed() async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": "SELECT 1;", "01_b.up.sql": "SELECT 1;"]) { project in
            let error = await failure { try await project.up() }
            #expect(error?.code == .duplicate)
            #expect(
                error?.description.contains("01_b.up.sql") == true && error?.description.contains("1_a.up.sql") == true
            )
        }
    }

    /// A file may change the role, the search path and the timeouts of its session. The next file starts with the
    /// defaults.
    @Test func settingsOfAFileEndWithIt() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "SET search_path = pg_catalog; SET ROLE pg_monitor; SET statement_timeout = '200ms';",
            "2_b.up.sql":
                "CREATE TABLE public.seen AS SELECT current_user::text AS who, current_setting('search_path') AS path, current_setting('statement_timeout') AS t;",
        ]) { project in
            try await project.up()
            try await #expect(
                project.sql("SELECT who <> 'pg_monitor', path, t FROM public.seen") == "t|\"$user\", public|0"
            )
        }
    }

    @Test func statusAndPlanChangeNothing() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            _ = try await project.migrator().status()
            let plan = try await project.migrator().plan(.up(nil))
            #expect(plan.steps.map(\.version) == [1, 2, 10])
            #expect(plan.obstacles.isEmpty)
            try await #expect(project.sql("SELECT to_regnamespace('granary') IS NULL") == "t")
        }
    }
}
