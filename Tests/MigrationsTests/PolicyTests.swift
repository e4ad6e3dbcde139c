import Glibc
import Migrations
import PostgresClient
import Project
import Synchronization
import TestSupport
import Testing

/// Every flag of both JSON files, set and not set.
@Suite struct PolicyTests {
    static let base: KeyValuePairs = [
        "1_a.up.sql":
            "CREATE SCHEMA shop; CREATE TABLE shop.a (id int, note text); INSERT INTO shop.a VALUES (1, 'x');",
        "1_a.down.sql": "DROP SCHEMA shop CASCADE;",
        "2_b.up.sql": "CREATE TABLE shop.b ();",
        "2_b.down.sql": "DROP TABLE shop.b;",
    ]

    static func environments(_ config: String) -> String {
        "{\"environments\": {\"development\": {\"config\": {\(config)}}}}"
    }

    @Test(arguments: [
        ("DROP TABLE shop.a;", "DROP TABLE destroys table shop.a"),
        ("CREATE TABLE shop.x ();\n  TRUNCATE shop.a;", "TRUNCATE TABLE destroys table shop.a"),
        ("ALTER TABLE shop.a DROP note;", "ALTER TABLE destroys column note of shop.a"),
        ("DELETE FROM shop.a;", "DELETE destroys table shop.a"),
    ])
    func destructiveOperationsAreRefusedWithStatementAndLine(_ file: (text: String, words: String)) async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try await project.up()
            let path = try project.writeMigration(file.text, to: "3_c.up.sql")
            try project.writeMigration(
                Self.environments(#""allow_destructive_operations": false"#),
                to: "environments.json"
            )
            let error = await failure { try await project.up() }
            #expect(error?.code == .policy)
            let line = file.text.contains("TRUNCATE") ? "2:3" : "1:1"
            #expect(
                error?.description.hasPrefix("\(path):\(line): \(file.words)") == true,
                "\(error?.description ?? "")"
            )
            try await #expect(project.ledger() == "1 2")
            try project.writeMigration(
                Self.environments(#""allow_destructive_operations": true"#),
                to: "environments.json"
            )
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
        }
    }

    @Test func downNeedsAConfirmationWhereDestructionIsForbidden() async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try project.writeMigration(
                Self.environments(#""allow_destructive_operations": false"#),
                to: "environments.json"
            )
            try await project.up()
            for request in [MigrationRequest.down(1), .goto(1)] {
                let error = await failure { try await project.migrator().run(request) }
                #expect(error?.code == .policy)
                #expect(error?.hint?.contains("--confirm-version 2") == true)
            }
            let other = await failure { try await project.down { $0.confirmed = 1 } }
            #expect(other?.code == .policy)
            try await #expect(project.down { $0.confirmed = 2 }.revertedSteps.map(\.version) == [2])
        }
    }

    @Test func eachMigrationNeedsAnApprovalOfExactlyItsContent() async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try project.writeMigration(Self.environments(#""require_approval": true"#), to: "environments.json")
            let text = """
                {
                    "migrations": {
                        "000001_a": {
                            "description":   "the first",
                            "affects_tables": [ "shop.a" ]
                        },
                        "000002": {}
                    }
                }

                """
            try project.writeMigration(text, to: "dependencies.json")
            let error = await failure { try await project.up() }
            #expect(error?.code == .policy)
            #expect(error?.description == "1_a is not approved; development requires an approval of each migration")
            #expect(error?.hint?.contains("granary migrate approve 1") == true)
            try await project.approve(1)
            try await project.approve(2)
            let approved = String(decoding: project.folder.read("migrations/dependencies.json"), as: UTF8.self)
            // All other bytes are unchanged.
            let rest = approved.replacing(#/,?\s*"approved": \{[^}]*\}/#, with: "")
            #expect(rest == text)
            #expect(
                approved.contains("\"affects_tables\": [ \"shop.a\" ],\n                        \"approved\"")
                    || approved.contains("\"affects_tables\": [ \"shop.a\" ],\n            \"approved\""),
                "\(approved)"
            )
            try await #expect(project.migrator().plan(.up(nil)).obstacles.isEmpty)
            try project.writeMigration("CREATE TABLE shop.b (id int);", to: "2_b.up.sql")
            let edited = await failure { try await project.up() }
            #expect(edited?.message.hasPrefix("2_b was edited after it was approved") == true)
            try await #expect(project.ledgerIsMissing())
            try await project.approve(2)
            try await #expect(project.up().appliedSteps.count == 2)
            // A second approval replaces the first.
            #expect(
                String(decoding: project.folder.read("migrations/dependencies.json"), as: UTF8.self).split(
                    separator: "approved"
                ).count == 3
            )
        }
    }

    @Test func anApprovalRuleForHighRiskAppliesOnlyToHighRisk() async throws {
        try await TestProject.with(migrations: Self.base) { project in
            let config = #""global_config": {"require_approval_for_high_risk": true}"#
            try project.writeMigration("{\"migrations\": {\"3\": {}}, \(config)}", to: "dependencies.json")
            try await project.up()
            try project.writeMigration("ALTER TABLE shop.a ALTER note TYPE varchar(9);", to: "3_c.up.sql")
            let error = await failure { try await project.up() }
            #expect(error?.description == "3_c is not approved; high risk requires an approval")
            try await project.approve(3)
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            // A declared high risk counts like a derived one.
            try project.writeMigration("CREATE TABLE shop.d ();", to: "4_d.up.sql")
            try project.writeMigration(
                "{\"migrations\": {\"4\": {\"risk_level\": \"high\"}}, \(config)}",
                to: "dependencies.json"
            )
            let declared = await failure { try await project.up() }
            #expect(declared?.message == "4_d is not approved; high risk requires an approval")
        }
    }

    @Test(arguments: [
        ("CREATE TABLE shop.c ();", "low", ""), ("ALTER TABLE shop.a ADD x int;", "low", "is medium because of line 1"),
        ("ALTER TABLE shop.a ADD x int;", "medium", ""),
        ("SELECT 1;\nDROP TABLE shop.b;", "medium", "is high because of line 2"),
        ("DROP TABLE shop.b;", "high", ""),
    ])
    func toDeclareLessRiskThanThereIsIsRefusedWhereSomethingHangsOnIt(
        _ file: (text: String, declared: String, words: String)
    ) async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try await project.up()
            try project.writeMigration(
                Self.environments(
                    #""maintenance_window_required": true, "maintenance_window": "Mon-Sun 00:00-24:00 UTC""#
                ),
                to: "environments.json"
            )
            try project.writeMigration(file.text, to: "3_c.up.sql")
            try project.writeMigration(
                "{\"migrations\": {\n\"3\": {\"risk_level\": \"\(file.declared)\"}}}",
                to: "dependencies.json"
            )
            if file.words.isEmpty {
                try await #expect(project.up().appliedSteps.map(\.version) == [3])
            } else {
                let error = await failure { try await project.up() }
                #expect(error?.code == .policy)
                #expect(
                    error?.description.hasPrefix(
                        "\(project.migrations)/dependencies.json:2: 3_c is declared \(file.declared)"
                    )
                        == true
                )
                #expect(error?.description.contains(file.words) == true, "\(error?.description ?? "")")
            }
        }
    }

    @Test func elsewhereARiskThatIsDeclaredTooLowIsANote() async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try await project.up()
            try project.writeMigration("ALTER TABLE shop.a ADD x int;", to: "3_c.up.sql")
            try project.writeMigration(#"{"migrations": {"3": {"risk_level": "low"}}}"#, to: "dependencies.json")
            try await #expect(
                project.migrator().plan(.up(nil)).notes == [
                    "\(project.migrations)/dependencies.json:1: 3_c is declared low risk, and is medium because of line 1, ALTER TABLE"
                ]
            )
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
        }
    }

    @Test(arguments: [#""require_approval": true"#, #""allow_destructive_operations": false"#])
    func approvalsAndABanOfDestructionHangOnTheRisk(config: String) async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try await project.up()
            try project.writeMigration(Self.environments(config), to: "environments.json")
            try project.writeMigration("ALTER TABLE shop.a ADD x int;", to: "3_c.up.sql")
            try project.writeMigration(#"{"migrations": {"3": {"risk_level": "low"}}}"#, to: "dependencies.json")
            try await #expect(
                project.migrator().plan(.up(nil)).obstacles.contains { $0.message.contains("3_c is declared low risk") }
            )
        }
    }

    @Test(arguments: [true, false], [true, false])
    func tablesThatLoseRowsAreBackedUpFirst(byEnvironment: Bool, up: Bool) async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try await project.up()
            if byEnvironment {
                try project.writeMigration(Self.environments(#""backup_required": true"#), to: "environments.json")
            } else {
                try project.writeMigration(
                    #"{"global_config": {"auto_backup_before_destructive": true}}"#,
                    to: "dependencies.json"
                )
            }
            let asked = Mutex<[[String]]>([])
            let migrator = try project.migrator(backUp: { tables in
                asked.withLock { $0.append(tables) }
                return "backups/x.zip"
            })
            if up {
                try project.writeMigration(
                    "CREATE TABLE shop.c (id int); DROP TABLE shop.c; CREATE TABLE shop.d ();",
                    to: "3_c.up.sql"
                )
                #expect(try await migrator.run(.up(nil)).backup == nil)
                try project.writeMigration(
                    "UPDATE shop.a SET note = 'y' WHERE id = 1; ALTER TABLE shop.b ADD x int;",
                    to: "4_d.up.sql"
                )
                #expect(try await migrator.run(.up(nil)).backup == "backups/x.zip")
                #expect(asked.withLock { $0 } == [["shop.a"]])
            } else {
                #expect(try await migrator.run(.down(1)).backup == "backups/x.zip")
                #expect(try await migrator.run(.down(1)).backup == "backups/x.zip")
                #expect(asked.withLock { $0 } == [["shop.b"], ["shop"]])
            }
            try await #expect(
                project.sql("SELECT note FROM granary.migration_log ORDER BY id DESC LIMIT 1")
                    == "backup: backups/x.zip"
            )
        }
    }

    @Test func withoutItsBackupNothingRuns() async throws {
        struct NoDisk: Error {}
        try await TestProject.with(migrations: Self.base) { project in
            try await project.up()
            try project.writeMigration(Self.environments(#""backup_required": true"#), to: "environments.json")
            try project.writeMigration("CREATE TABLE shop.c ();", to: "3_c.up.sql")
            try project.writeMigration("TRUNCATE shop.a;", to: "4_d.up.sql")
            await #expect(throws: NoDisk.self) {
                try await project.migrator(backUp: { _ in throw NoDisk() }).run(.up(nil))
            }
            try await #expect(project.ledger() == "1 2")
            try await #expect(project.sql("SELECT to_regclass('shop.c') IS NULL, count(*) FROM shop.a") == "t|1")
        }
    }

    /// The clock of the tests shows Wed 2026-11-18, 11:06 UTC.
    @Test(arguments: [
        ("Wed 11:00-12:00 UTC", true), ("Wed 10:00-11:06 UTC", false), ("Wed 11:07-12:00 UTC", false),
        ("Thu 11:00-12:00 UTC", false), ("daily 12:00-13:00 +01:00", true),
    ])
    func theMaintenanceWindowIsKept(_ window: (text: String, isOpen: Bool)) async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try project.writeMigration(
                Self.environments("\"maintenance_window_required\": true, \"maintenance_window\": \"\(window.text)\""),
                to: "environments.json"
            )
            if window.isOpen { return try await #expect(project.up().appliedSteps.count == 2) }
            let error = await failure { try await project.up() }
            #expect(error?.code == .policy)
            #expect(error?.description.contains(window.text) == true)
            try await project.up { $0.windowOverride = "a customer waits" }
            try await #expect(
                project.sql("SELECT DISTINCT note FROM granary.migration_log") == "outside the window: a customer waits"
            )
        }
    }

    @Test func aWindowThatIsRequiredAndNotDeclaredIsRefusedWithTheLineToAdd() async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try project.writeMigration(
                Self.environments(#""maintenance_window_required": true"#),
                to: "environments.json"
            )
            let error = await failure { try await project.up() }
            #expect(error?.code == .policy)
            #expect(error?.hint?.contains(#""maintenance_window": "Sun 02:00-04:00 UTC""#) == true)
        }
    }

    @Test(arguments: [true, false])
    func aFileWithoutATransactionThatFailsIsUndoneOnlyWhereThatIsSaid(undone: Bool) async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try project.writeMigration(
                Self.environments("\"auto_rollback_on_failure\": \(undone)"),
                to: "environments.json"
            )
            try project.writeMigration("-- no-transaction\nCREATE TABLE shop.c ();\nSELECT 1 / 0;", to: "3_c.up.sql")
            try project.writeMigration("DROP TABLE IF EXISTS shop.c;", to: "3_c.down.sql")
            let error = await failure { try await project.up() }
            #expect(error?.code == .statement)
            #expect(error?.description.contains("auto_rollback_on_failure") == undone)
            try await #expect(project.sql("SELECT to_regclass('shop.c') IS NULL") == (undone ? "t" : "f"))
            // Only the failed file is reverted, not the files before it.
            try await #expect(project.ledger() == "1 2")
            try await #expect(project.states() == "1 applied, 2 applied, 3 \(undone ? "pending" : "failed")")
        }
    }

    @Test(arguments: [(validates: true, skips: false), (true, true), (false, false)])
    func createdObjectsMustExistAfterwards(_ flags: (validates: Bool, skips: Bool)) async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try project.writeMigration(
                "{\"global_config\": {\"validate_after_migration\": \(flags.validates)}}",
                to: "dependencies.json"
            )
            try project.writeMigration(
                Self.environments("\"skip_validation\": \(flags.skips)"),
                to: "environments.json"
            )
            try await project.up()
            try project.writeMigration(
                "CREATE TABLE shop.c (); DO $$ BEGIN EXECUTE 'DROP TABLE shop.' || 'c'; END $$;",
                to: "3_c.up.sql"
            )
            guard flags.validates, !flags.skips else { return try await #expect(project.up().appliedSteps.count == 1) }
            let error = await failure { try await project.up() }
            #expect(error?.code == .validation)
            #expect(error?.description == "3_c ran, and shop.c is not there")
        }
    }

    @Test func aLimitOfZeroMigrationsStopsEveryRun() async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try project.writeMigration(#"{"global_config": {"max_parallel_migrations": 0}}"#, to: "dependencies.json")
            let error = await failure { try await project.up() }
            #expect(error?.code == .policy)
            #expect(
                error?.description.hasSuffix("dependencies.json: max_parallel_migrations is 0, so no migration may run")
                    == true
            )
            try project.writeMigration(#"{"global_config": {"max_parallel_migrations": 3}}"#, to: "dependencies.json")
            func locking(_ count: Int) throws {
                try project.writeMigration(
                    #"{"migration_locking": {"max_concurrent_migrations": \#(count)}}"#,
                    to: "environments.json"
                )
            }
            try locking(0)
            let concurrent = await failure { try await project.up() }
            #expect(concurrent?.code == .policy)
            #expect(
                concurrent?.message.hasSuffix(
                    "environments.json: max_concurrent_migrations is 0, so no migration may run"
                ) == true
            )
            try locking(4)
            try await #expect(project.up().appliedSteps.count == 2)
        }
    }

    @Test func anEditedOverlayFileIsRedoneInDevelopmentWithTheDownFileOfItsTime() async throws {
        try await TestProject.with(migrations: Self.base) { project in
            try project.writeMigration("CREATE TABLE shop.one ();", to: "development/3_c.up.sql")
            try project.writeMigration("DROP TABLE shop.one;", to: "development/3_c.down.sql")
            try await project.up()
            try project.writeMigration("CREATE TABLE shop.two ();", to: "development/3_c.up.sql")
            try project.writeMigration("DROP TABLE shop.two;", to: "development/3_c.down.sql")
            let report = try await project.up()
            #expect(report.revertedSteps.map(\.version) == [3])
            #expect(report.appliedSteps.map(\.version) == [3])
            try await #expect(
                project.sql("SELECT to_regclass('shop.one') IS NULL, to_regclass('shop.two') IS NOT NULL") == "t|t"
            )
            try await #expect(project.down().revertedSteps.map(\.version) == [3])
            // A migration in the base folder is not run again.
            try project.writeMigration("CREATE TABLE shop.b (id int);", to: "2_b.up.sql")
            let error = await failure { try await project.up() }
            #expect(error?.code == .policy)
        }
    }

    @Test func inProductionAnEditedOverlayFileIsNotRedone() async throws {
        try await TestProject.with(migrations: Self.base) { project in
            var production = project
            production.environment = "production"
            try project.writeMigration("CREATE TABLE shop.one ();", to: "production/3_c.up.sql")
            try project.writeMigration("DROP TABLE shop.one;", to: "production/3_c.down.sql")
            try await production.up()
            try project.writeMigration("CREATE TABLE shop.two ();", to: "production/3_c.up.sql")
            let error = await failure { try await production.up() }
            #expect(error?.code == .policy)
            #expect(error?.description.contains("was edited after it was applied") == true)
        }
    }
}

extension TestProject {
    func approve(_ version: Int) async throws {
        let tree = try MigrationTree.read(folder: migrations, environment: environment, folders: [:])
        let migration = try #require(tree.migration(version))
        let file = try DependenciesFile.read(migrations: migrations)
        try DependenciesFile.write(
            file.approving(migration, by: "a \"reader\"", at: "2026-11-23T08:00:00Z"),
            to: file.path
        )
    }

    func ledgerIsMissing() async throws -> Bool {
        guard try await sql("SELECT to_regclass('granary.migrations')") != "" else { return true }
        return try await ledger() == ""
    }
}
