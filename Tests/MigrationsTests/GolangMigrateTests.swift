import Bookkeeping
import Migrations
import PostgresClient
import Project
import TestSupport
import Testing

/// golang-migrate's table, which granary adopts and keeps up to date, and whose contradictions it reports.
@Suite struct GolangMigrateTests {
    static let three: KeyValuePairs = [
        "000001_a.up.sql": "CREATE SCHEMA IF NOT EXISTS shop; CREATE TABLE shop.a (id int);",
        "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
        "000002_b.up.sql": "CREATE TABLE shop.b (id int);",
        "000002_b.down.sql": "DROP TABLE shop.b;",
        "000003_c.up.sql": "ALTER TABLE shop.b ADD note text;",
        "000003_c.down.sql": "ALTER TABLE shop.b DROP note;",
    ]

    /// The state that golang-migrate leaves at one of the three versions, with its table in this schema.
    static func left(at version: Int, dirty: Bool = false, in schema: String = "shop") -> String {
        """
        CREATE SCHEMA IF NOT EXISTS shop; CREATE TABLE shop.a (id int); CREATE TABLE shop.b (id int);
        CREATE TABLE \(schema).schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
        INSERT INTO \(schema).schema_migrations VALUES (\(version), \(dirty));
        """
    }

    @Test func itsRowIsAdoptedOnFirstUseAndKeptUpToDate() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.sql(Self.left(at: 2))
            try await #expect(project.states() == "1 unverified, 2 unverified, 3 pending")
            try await #expect(project.sql("SELECT to_regnamespace('granary') IS NULL") == "t")
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            try await #expect(project.states() == "1 unverified, 2 unverified, 3 applied")
            try await #expect(project.row() == "3|f")
            try await #expect(project.down(2).revertedSteps.map(\.version) == [3, 2])
            try await #expect(project.row() == "1|f")
            try await #expect(project.ledger() == "1")
            _ = try await project.migrator().run(.goto(3))
            try await #expect(project.row() == "3|f")
            _ = try await project.migrator().run(.goto(2))
            try await #expect(project.row() == "2|f")
            try await #expect(project.ledger() == "1 2")
        }
    }

    @Test func anOverlayFileBelowTheRowIsPendingAndABaseFileThatCameLateIsNot() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try project.writeMigration("CREATE TABLE shop.dev ();", to: "development/000002_dev.up.sql")
            try project.writeMigration("SELECT 2;", to: "000004_d.up.sql")
            try await project.sql("DROP TABLE IF EXISTS x; \(Self.left(at: 3))")
            try await project.sql("ALTER TABLE shop.b ADD note text")
            // Both folders share one number space, so the overlay's file gets a free number below that of the row.
            try project.rename("000002_b.up.sql", "000001_b.up.sql.old")
            try project.rename("000002_b.down.sql", "000001_b.down.sql.old")
            try await #expect(project.states() == "1 unverified, 2 pending, 3 unverified, 4 pending")
            try await #expect(project.up().appliedSteps.map(\.version) == [2, 4])
            try await #expect(project.row() == "4|f")
            try project.writeMigration("SELECT 1;", to: "000000_late.up.sql")
            try await #expect(project.states().hasPrefix("0 out_of_order"))
        }
    }

    @Test(arguments: [(Trusted.row, "1 2", "2|f"), (.ledger, "1", "1|f")])
    func aDirtyRowIsRefusedWithTheWayOut(trusted: Trusted, ledger: String, row: String) async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.sql(Self.left(at: 2, dirty: true))
            for run in [MigrationRequest.up(nil), .down(1)] {
                let error = await failure { try await project.migrator().run(run) }
                #expect(error?.code == .disagreement)
                #expect(error?.description.contains("version 2, dirty") == true)
                #expect(error?.hint?.contains("repair --trust row") == true)
                #expect(error?.hint?.contains("repair --trust ledger") == true)
            }
            let bare = await failure { try await project.migrator().repair(trusting: nil) }
            #expect(bare?.code == .disagreement)
            try await #expect(project.row() == "2|t")
            _ = try await project.migrator().repair(trusting: trusted)
            try await #expect(project.ledger() == ledger)
            try await #expect(project.row() == row)
            if trusted == .ledger { try await project.sql("DROP TABLE shop.b") }
            try await project.up()
            try await #expect(project.ledger() == "1 2 3")
            try await #expect(project.row() == "3|f")
        }
    }

    /// As after golang-migrate was used again: one up, one down, all down.
    @Test(arguments: [
        (write: "UPDATE shop.schema_migrations SET version = 3", says: "version 3", row: "1 2 3", after: "3|f"),
        (write: "UPDATE shop.schema_migrations SET version = 1", says: "version 1", row: "1", after: "1|f"),
        (write: "DELETE FROM shop.schema_migrations", says: "says none", row: "", after: ""),
    ])
    func aRowThatDisagreesStopsUpUntilItIsSettled(
        _ used: (write: String, says: String, row: String, after: String)
    ) async throws {
        for trusted in Trusted.allCases {
            try await TestProject.with(migrations: Self.three) { project in
                try await project.sql("CREATE SCHEMA shop")
                try await project.sql(
                    "CREATE TABLE shop.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)"
                )
                try await project.up(2)
                try await #expect(project.row() == "2|f")
                try await project.sql(used.write)
                let error = await failure { try await project.up() }
                #expect(error?.code == .disagreement)
                #expect(error?.description.contains(used.says) == true, "\(error?.description ?? "")")
                #expect(error?.description.contains("the ledger says 2") == true)
                _ = try await project.migrator().repair(trusting: trusted)
                try await #expect(project.ledger() == (trusted == .row ? used.row : "1 2"))
                try await #expect(project.row() == (trusted == .row ? used.after : "2|f"))
                // With `--trust row`, earlier files would run again, but their tables exist.
                let obstacles = try await project.migrator().plan(.up(nil)).obstacles
                #expect(
                    trusted == .row
                        ? obstacles.allSatisfy { $0.message.hasSuffix("exists already") } : obstacles.isEmpty,
                    "\(obstacles)"
                )
            }
        }
    }

    @Test func dbmatesTableOfTheSameNameIsIgnored() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.sql(
                """
                CREATE SCHEMA shop; CREATE TABLE shop.schema_migrations (version varchar(255) PRIMARY KEY);
                INSERT INTO shop.schema_migrations VALUES ('20240101000000')
                """
            )
            try await #expect(project.states() == "1 pending, 2 pending, 3 pending")
            let error = await failure {
                try await project.migrator().adopt(TableName(schema: "shop", name: "schema_migrations"))
            }
            // The table belongs to dbmate, and lists versions without a file.
            #expect(error?.code == .disagreement)
            #expect(error?.message.contains("(dbmate) lists 20240101000000") == true)
            let refused = await failure { try await project.up() }
            #expect(refused?.code == .disagreement)
            try await project.up { $0.beside = ["shop.schema_migrations"] }
            try await #expect(project.row() == "20240101000000")
        }
    }

    @Test func aTableInPublicIsAdoptedOnlyIfNamed() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.sql(Self.left(at: 2, in: "public"))
            try await #expect(project.states() == "1 pending, 2 pending, 3 pending")
            let unnamed = await failure { try await project.migrator().adopt(nil) }
            #expect(unnamed?.code == .usage)
            #expect(unnamed?.hint?.contains("--table") == true)
            let table = TableName(schema: "public", name: "schema_migrations")
            try await #expect(project.migrator().adopt(table).names == ["000001_a", "000002_b"])
            let again = await failure { try await project.migrator().adopt(table) }
            #expect(again?.code == .policy)
            try await project.up()
            try await #expect(project.row(in: "public") == "3|f")
            try await project.down(2)
            try await #expect(project.row(in: "public") == "1|f")
        }
    }

    /// Its row then has the highest version of both services, and neither reports a contradiction.
    @Test func twoServicesMayShareOneTable() async throws {
        try await TestProject.with(migrations: Self.three) { shop in
            try await ScratchFolder.with { folder in
                let pay = TestProject(server: shop.server, url: shop.url, folder: folder, service: "pay")
                try pay.writeMigration("CREATE TABLE pay.p ();", to: "000005_p.up.sql")
                try pay.writeMigration("DROP TABLE pay.p;", to: "000005_p.down.sql")
                try pay.writeMigration("CREATE TABLE pay.q ();", to: "000006_q.up.sql")
                try pay.writeMigration("DROP TABLE pay.q;", to: "000006_q.down.sql")
                try await shop.sql(
                    "\(Self.left(at: 5, in: "public")) ALTER TABLE shop.b ADD note text; CREATE SCHEMA pay; CREATE TABLE pay.p ()"
                )
                let table = TableName(schema: "public", name: "schema_migrations")
                try await #expect(shop.migrator().adopt(table).names == ["000001_a", "000002_b", "000003_c"])
                // Which service version 5 belongs to is not known yet.
                let early = await failure { try await shop.up() }
                #expect(early?.code == .disagreement)
                #expect(early?.hint?.contains("`granary migrate adopt --table public.schema_migrations`") == true)
                try await #expect(pay.migrator().adopt(table).names == ["000005_p"])
                try await #expect(shop.up().appliedSteps.isEmpty)
                try await #expect(pay.up().appliedSteps.map(\.version) == [6])
                try await #expect(shop.row(in: "public") == "6|f")
                try await #expect(shop.down().revertedSteps.map(\.version) == [3])
                try await #expect(shop.row(in: "public") == "6|f")
                try await shop.up()
                try await pay.down(2)
                try await #expect(shop.row(in: "public") == "3|f")
                for project in [shop, pay] {
                    try await #expect(project.migrator().plan(.up(nil)).obstacles.isEmpty)
                    try await #expect(project.migrator().status()[0].disagreements == [])
                }
                // With both services in one run, the row follows each step.
                try shop.writeMigration("CREATE TABLE shop.d ();", to: "000007_d.up.sql")
                try shop.writeMigration("DROP TABLE shop.d;", to: "000007_d.down.sql")
                let both = try shop.migrator { options in
                    options.services.append(
                        .init(
                            service: .init(name: "pay", schemas: ["pay"], folder: pay.migrations),
                            file: options.services[0].file
                        )
                    )
                }
                try await #expect(both.run(.up(nil)).appliedSteps.map(\.version) == [5, 6, 7])
                try await #expect(shop.row(in: "public") == "7|f")
                try await #expect(both.run(.goto(3)).revertedSteps.map(\.version) == [7, 6, 5])
                try await #expect(shop.row(in: "public") == "3|f")
                // `repair` for the service that golang-migrate migrated resolves the contradiction.
                try await shop.sql("CREATE TABLE pay.p (); UPDATE public.schema_migrations SET version = 5")
                _ = try await pay.migrator().repair(trusting: .row)
                try await #expect(pay.ledger() == "5")
                try await #expect(shop.migrator().plan(.up(nil)).obstacles.isEmpty)
            }
        }
    }

    @Test(arguments: ["shop", "public"])
    func aRunWaitsForTheHolderOfGolangMigratesLock(schema: String) async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try project.writeMigration(#"{"migration_locking": {"timeout_seconds": 1}}"#, to: "environments.json")
            try await project.sql(Self.left(at: 2, in: schema))
            let table = TableName(schema: schema, name: "schema_migrations")
            if schema == "public" { _ = try await project.migrator().adopt(table) }
            let name = try await project.sql("SELECT current_database()")
            for key in GolangMigrateLedger.lockKeys(table, database: name) {
                try await project.while("SELECT pg_advisory_lock(\(key))", as: "golang-migrate") {
                    let error = await failure { try await project.up() }
                    #expect(error?.code == .busy)
                    #expect(error?.description.contains("golang-migrate") == true, "\(error?.description ?? "")")
                }
            }
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
        }
    }

    @Test func aDownThatDropsTheSchemaLeavesTheLedgerAndTheNextUpMakesTheRowAgain() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.sql(Self.left(at: 2))
            try await project.up()
            try await project.down(3)
            try await #expect(project.sql("SELECT to_regnamespace('shop') IS NULL") == "t")
            try await #expect(project.ledger() == "")
            try await project.up()
            try await #expect(project.ledger() == "1 2 3")
            try await #expect(project.row() == "3|f")
        }
    }
}

extension TestProject {
    /// The row of golang-migrate.
    func row(in schema: String = "shop") async throws -> String {
        try await sql("SELECT * FROM \(schema).schema_migrations")
    }

    func rename(_ old: String, _ new: String) throws {
        try folder.rename("migrations/\(old)", "migrations/\(new)")
    }

    /// Runs `sql` in a transaction of another session, and keeps it open while `body` runs.
    func `while`(
        _ sql: String,
        as application: String,
        _ body: @Sendable @escaping () async throws -> Void
    ) async throws {
        try await withHeldSession(
            ServerAddress(url),
            logger: quietLogger,
            prepare: { session in
                try session.execute("\(Session.databaseSearchPath); SET application_name = '\(application)'; BEGIN")
                try session.execute(sql)
            },
            while: { _ in try await body() }
        )
    }
}
