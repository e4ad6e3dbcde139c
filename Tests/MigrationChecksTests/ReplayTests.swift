import MigrationChecks
import Migrations
import PostgresClient
import Project
import SQLText
import TestSupport
import Testing

struct ReplayTests {
    private static let table = "CREATE SCHEMA shop;\nCREATE TABLE shop.orders (id int PRIMARY KEY, note text);\n"

    @Test func aCorrectDownFileIsProvedWithoutFindings() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql":
                "ALTER TABLE shop.orders ADD COLUMN placed date; CREATE INDEX by_date ON shop.orders (placed);",
            "000002_b.down.sql": "ALTER TABLE shop.orders DROP COLUMN placed;",
            "000003_c.up.sql": "CREATE INDEX CONCURRENTLY by_note ON shop.orders (note);",
            "000003_c.down.sql": "DROP INDEX CONCURRENTLY shop.by_note;",
            "000004_d.up.sql": "INSERT INTO shop.orders VALUES (4711, 'a');",
            "000004_d.down.sql": "DELETE FROM shop.orders WHERE id = 4711;",
            "000005_e.up.sql": "SELECT 1;", "000005_e.down.sql": "-- nothing to undo\n",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings == [])
            #expect(report.steps.map(\.version) == [1, 2, 3, 4, 5])
            #expect(report.steps.map(\.undoes) == [true, true, true, true, nil])
        }
    }

    private static let distributing: KeyValuePairs = [
        "000001_a.up.sql": "CREATE EXTENSION IF NOT EXISTS citus;\n" + table,
        "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
        "000002_b.up.sql": "SELECT create_distributed_table('shop.orders', 'id', shard_count => 4);",
        "000002_b.down.sql": "SELECT undistribute_table('shop.orders');",
        "000003_c.up.sql": """
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'shop.orders'::regclass AND false) THEN
                CREATE TABLE shop.kinds (kind text PRIMARY KEY);
                PERFORM pg_catalog.create_reference_table('shop.kinds');
            END IF;
        END $$;
        """, "000003_c.down.sql": "DROP TABLE shop.kinds;",
        "000004_d.up.sql": "ALTER TABLE shop.orders ADD COLUMN size int;",
        "000004_d.down.sql": "ALTER TABLE shop.orders DROP COLUMN size;",
    ]

    @Test func withoutCitusItsFunctionsDoNothingAndTheReportSaysSo() async throws {
        try await TestProject.with(migrations: Self.distributing) { project in
            let report = try await project.replay()
            #expect(
                report.findings.map { "\($0.severity.rawValue) \($0.rule) \($0.line)" } == [
                    "info replayed-without-citus 1"
                ]
            )
            #expect(report.steps.map(\.undoes) == [true, true, true, true])
        }
    }

    /// The ledger is written before the file's own COMMIT, also where a statement before it is left out.
    @Test func withoutCitusAFileWithItsOwnTransactionIsReplayed() async throws {
        let file = "BEGIN;\nCREATE EXTENSION IF NOT EXISTS citus;\n" + Self.table + "\nCOMMIT;\n"
        try await TestProject.with(migrations: [
            "000001_a.up.sql": file, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": "ALTER TABLE shop.orders ADD COLUMN size int;",
            "000002_b.down.sql": "ALTER TABLE shop.orders DROP COLUMN size;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == ["replayed-without-citus"])
            #expect(report.steps.map(\.undoes) == [true, true])
        }
    }

    @Test func withoutCitusOnlyASuperuserCanStandIn() async throws {
        try await TestProject.with(migrations: Self.distributing) { project in
            try await project.sql("DROP ROLE IF EXISTS maker; CREATE ROLE maker LOGIN CREATEDB")
            let report = try await project.replay(
                on: project.url.replacing("user=granary", with: "user=maker"),
                keepsRoles: true
            )
            #expect(report.findings.map(\.rule) == ["replayed-without-citus", "up-fails"])
            #expect(report.findings.first?.message.contains("superuser") == true)
            try await project.sql("DROP ROLE maker")
        }
    }

    @Test(.enabled(if: CitusCluster.isAvailable, "\(CitusCluster.absence)"))
    func onAClusterTablesAreDistributed() async throws {
        try await TestProject.with(migrations: Self.distributing) { project in
            // Citus brings the other extension.
            try project.writeMigration(
                "DROP SCHEMA shop CASCADE; DROP EXTENSION citus, citus_columnar;",
                to: "000001_a.down.sql"
            )
            let report = try await project.replay(on: CitusCluster.url, keepsRoles: true)
            #expect(report.findings.filter { $0.severity != .info } == [])
            #expect(report.steps.map(\.undoes) == [true, true, true, true])
        }
    }

    @Test(arguments: [
        ("CREATE TABLE shop.a (); CREATE TABLE shop.b ();", "DROP TABLE shop.a;", "does not remove table shop.b"),
        ("CREATE TABLE shop.a (x int);", "DROP TABLE shop.a, shop.orders;", "does not restore table shop.orders"),
        ("ALTER TABLE shop.orders ADD x int;", "SELECT 1;", "does not remove column shop.orders.x"),
        (
            "ALTER TABLE shop.orders ALTER note SET NOT NULL;", "SELECT 1;",
            "changes column shop.orders.note (NULL became NOT NULL)"
        ),
        (
            "ALTER TABLE shop.orders ALTER note SET DEFAULT 'x';", "SELECT 1;",
            "changes column shop.orders.note (nothing became default 'x'::text)"
        ),
        ("CREATE INDEX i ON shop.orders (note);", "SELECT 1;", "does not remove index shop.i"),
        (
            "ALTER TABLE shop.orders ADD CONSTRAINT c CHECK (id > 0) NOT VALID;", "SELECT 1;",
            "does not remove constraint shop.orders.c"
        ),
        ("CREATE TYPE shop.color AS ENUM ('red');", "SELECT 1;", "does not remove type shop.color"),
        (
            "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "SELECT 1;",
            "does not remove function shop.f()"
        ),
        ("CREATE VIEW shop.v AS SELECT id FROM shop.orders;", "SELECT 1;", "does not remove view shop.v"),
        (
            "COMMENT ON COLUMN shop.orders.note IS 'said';", "SELECT 1;",
            "does not remove comment on table column shop.orders.note"
        ),
        (
            "GRANT SELECT ON shop.orders TO pg_monitor;", "SELECT 1;",
            "changes table shop.orders (nothing became privilege pg_monitor=r/"
        ),
        (
            "REVOKE ALL ON shop.orders FROM CURRENT_USER;", "SELECT 1;",
            "changes table shop.orders (nothing became no privilege "
        ),
        ("CREATE SEQUENCE shop.s;", "SELECT 1;", "does not remove sequence shop.s"),
        ("CREATE SCHEMA other;", "SELECT 1;", "does not remove schema other"),
        (
            "CREATE STATISTICS shop.st ON id, note FROM shop.orders;", "SELECT 1;",
            "does not remove statistics object shop.st"
        ),
        ("CREATE POLICY p ON shop.orders USING (true);", "SELECT 1;", "does not remove policy shop.orders.p"),
        ("ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;", "SELECT 1;", "changes table shop.orders"),
    ])
    func aDownThatDoesNotUndoIsNamedWithTheDifference(up: String, down: String, difference: String) async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": up, "000002_b.down.sql": down,
            // The next migration finds the database as if there had been no fault.
            "000003_c.up.sql": "CREATE TABLE shop.c ();", "000003_c.down.sql": "DROP TABLE shop.c;",
        ]) { project in
            let report = try await project.replay()
            let finding = try #require(report.findings.first { $0.rule == "down-does-not-undo" })
            #expect(finding.message.contains(difference), "\(finding.message)")
            #expect(finding.severity == .error)
            #expect(finding.file.hasSuffix("000002_b.down.sql"))
            #expect(report.steps.map(\.undoes) == [true, false, true])
        }
    }

    /// GRANT adds the owner's default privileges to the access list, and REVOKE keeps them.
    @Test func privilegesThatAreTakenBackAreUndone() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table + "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
                + "CREATE TYPE shop.mood AS ENUM ('good'); CREATE SEQUENCE shop.s;",
            "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": """
            GRANT SELECT ON shop.orders TO pg_monitor; GRANT SELECT (note) ON shop.orders TO pg_monitor;
            GRANT USAGE ON SCHEMA shop TO pg_monitor; GRANT USAGE ON SEQUENCE shop.s TO pg_monitor;
            REVOKE EXECUTE ON FUNCTION shop.f() FROM PUBLIC; GRANT USAGE ON TYPE shop.mood TO pg_monitor;
            """,
            "000002_b.down.sql": """
            GRANT EXECUTE ON FUNCTION shop.f() TO PUBLIC; REVOKE USAGE ON TYPE shop.mood FROM pg_monitor;
            REVOKE USAGE ON SEQUENCE shop.s FROM pg_monitor; REVOKE USAGE ON SCHEMA shop FROM pg_monitor;
            REVOKE SELECT (note) ON shop.orders FROM pg_monitor; REVOKE SELECT ON shop.orders FROM pg_monitor;
            """,
            "000003_c.up.sql": "GRANT INSERT ON shop.orders TO pg_monitor;", "000003_c.down.sql": "SELECT 1;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.steps.map(\.undoes) == [true, true, false])
            let message = try #require(report.findings.first?.message)
            #expect(report.findings.count == 1)
            #expect(message.contains("table shop.orders (privilege pg_monitor=r/"), "\(message)")
            #expect(message.contains(" became privilege pg_monitor=ar/"), "\(message)")
        }
    }

    @Test(arguments: [
        ("CREATE TABLE shop.b ();", "true", Finding.Severity.error), ("CREATE TABLE shop.b ();", nil, .warning),
        ("CREATE TABLE shop.b ();", "false", nil), ("UPDATE shop.orders SET note = 'x';", "true", nil),
        ("CREATE TABLE IF NOT EXISTS shop.b ();", nil, nil),
        ("-- no-transaction\nCREATE INDEX CONCURRENTLY i ON shop.orders (note);", nil, .warning),
    ])
    func anUpFileWithNothingToUndoCanRunTwice(up: String, declared: String?, severity: Finding.Severity?) async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": up, "000002_b.down.sql": "-- nothing to undo: so it was said\n",
            "000003_c.up.sql": "CREATE TABLE shop.c ();", "000003_c.down.sql": "DROP TABLE shop.c;",
            "dependencies.json":
                "{\"migrations\": {\"000002\": {\"estimated_duration\": \"1s\""
                + (declared.map { ", \"rollback_safe\": \($0)" } ?? "") + "}}}",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == (severity == nil ? [] : ["up-again-fails"]))
            #expect(report.findings.first?.severity == severity)
            #expect(report.steps.map(\.undoes) == [true, nil, true])
        }
    }

    /// The comment counts only in an empty file.
    @Test func aDownWithStatementsIsRunWhateverItsCommentsSay() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": "CREATE TABLE shop.b (); CREATE TABLE shop.c ();",
            "000002_b.down.sql": "-- nothing to undo\nDROP TABLE shop.b;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == ["down-does-not-undo"])
        }
    }

    @Test func rowsThatADownLosesContradictRollbackSafe() async throws {
        for (declared, severity) in [("true", Finding.Severity.error), ("false", nil), (nil, .warning)] {
            try await TestProject.with(migrations: [
                "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
                "000002_b.up.sql": "ALTER TABLE shop.orders DROP COLUMN note;",
                "000002_b.down.sql": "ALTER TABLE shop.orders ADD COLUMN note text;",
                "dependencies.json":
                    "{\"migrations\": {\"000002\": {\"estimated_duration\": \"1s\""
                    + (declared.map { ", \"rollback_safe\": \($0)" } ?? "") + "}}}",
            ]) { project in
                let report = try await project.replay()
                #expect(report.findings.map(\.rule) == (severity == nil ? [] : ["down-loses-rows"]))
                #expect(report.findings.first?.severity == severity)
                if severity != nil {
                    let message = report.findings[0].message
                    #expect(message.contains("the rows of shop.orders have changed values"), "\(message)")
                }
                #expect(report.steps.map(\.undoes) == [true, false])
            }
        }
    }

    @Test func rowsThatADownDeletesBesidesItsOwnAreCounted() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": "INSERT INTO shop.orders VALUES (4711);",
            "000002_b.down.sql": "DELETE FROM shop.orders;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == ["down-loses-rows"])
            #expect(report.findings.first?.message.contains("shop.orders has 0 rows where it had 3") == true)
        }
    }

    @Test func aFileThatFailsIsNamedWithItsPlaceAndEndsTheReplay() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table,
            "000002_b.up.sql": "SELECT 1;\nCREATE TABLE shop.b (x nothing);",
            "000003_c.up.sql": "CREATE TABLE shop.c ();",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == ["up-fails"])
            #expect(report.findings.first?.line == 2)
            #expect(report.findings.first?.column == 24)
            #expect(report.findings.first?.message.contains("type \"nothing\" does not exist (SQLSTATE 42704)") == true)
            #expect(report.steps.map(\.version) == [1, 2])
        }
    }

    @Test func aDownThatFailsIsNamedAndTheNextMigrationIsTriedAllTheSame() async throws {
        for prefix in ["", "-- no-transaction\nSELECT 1;\n"] {
            try await TestProject.with(migrations: [
                "000001_a.up.sql": Self.table, "000001_a.down.sql": "\(prefix)DROP TABLE shop.nothing;",
                "000002_b.up.sql": "CREATE TABLE shop.b ();", "000002_b.down.sql": "DROP TABLE shop.b;",
            ]) { project in
                let report = try await project.replay()
                #expect(report.findings.map(\.rule) == ["down-fails"])
                #expect(report.findings.first?.file.hasSuffix("000001_a.down.sql") == true)
                #expect(report.findings.first?.line == (prefix.isEmpty ? 1 : 3))
                #expect(report.steps.map(\.undoes) == [false, true])
            }
        }
    }

    @Test func anUpFileThatFailsOnRowsIsReportedAndTriedWithoutRows() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": "ALTER TABLE shop.orders ADD COLUMN must int NOT NULL;",
            "000002_b.down.sql": "ALTER TABLE shop.orders DROP COLUMN must;",
            // The generated rows do not satisfy this CHECK, which proves nothing.
            "000003_c.up.sql": "ALTER TABLE shop.orders ADD CHECK (id > 1000);",
            "000003_c.down.sql": "ALTER TABLE shop.orders DROP CONSTRAINT orders_id_check;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == ["up-fails-on-rows"])
            #expect(report.findings.first?.severity == .warning)
            #expect(report.steps.map(\.undoes) == [true, true, true])
        }
    }

    @Test func anUpFileWithAnotherSecondResultIsReported() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table + "CREATE SEQUENCE shop.turn;",
            "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            // nextval is part of neither the transaction nor the catalog.
            "000002_b.up.sql":
                "DO $$ BEGIN EXECUTE format('CREATE TABLE shop.t%s ()', nextval('shop.turn')); END $$;",
            "000002_b.down.sql":
                "DO $$ BEGIN EXECUTE format('DROP TABLE shop.t%s', (SELECT last_value FROM shop.turn)); END $$;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == ["up-again-differs"])
            #expect(
                report.findings.first?.message.contains(
                    "it also has table shop.t2, and lacks table shop.t1"
                )
                    == true
            )
        }
    }

    @Test func rolesThatAServerOfOursLacksAreMadeAndGoAgain() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table + "GRANT USAGE ON SCHEMA shop TO \"a replay's role\";",
            "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
        ]) { project in
            let kept = try await project.replay(keepsRoles: true)
            #expect(kept.findings.map(\.rule) == ["up-fails"])
            let ours = try await ThrowawayServer.start()
            try await ours.withDatabase { url in
                let report = try await project.replay(on: url)
                #expect(report.findings == [])
                try await #expect(psql(url, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'a replay%'") == "0")
                try await #expect(
                    psql(url, "SELECT count(*) FROM pg_database WHERE datname LIKE 'granary_replay%'") == "0"
                )
            }
            try await ours.stop()
        }
    }

    @Test func historyIsOnlyAppliedAndMissingDurationsAreOffered() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "SELECT 1;",
            "000002_b.up.sql": "CREATE TABLE shop.b ();", "000002_b.down.sql": "DROP TABLE shop.b;",
            "dependencies.json": "{\"migrations\": {\"000001\": {}, \"000002\": {}}}",
        ]) { project in
            let report = try await project.replay(since: 1)
            #expect(report.findings.map(\.rule) == ["estimated-duration"])
            #expect(report.findings.first?.severity == .info)
            #expect(report.steps.map(\.version) == [2])
        }
    }

    @Test func aMigrationIsProvedOnlyOnce() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "staging/000002_b.up.sql": "CREATE TABLE shop.b ();", "staging/000002_b.down.sql": "SELECT 1;",
        ]) { project in
            let report = try await project.replay(environments: ["development", "staging"])
            #expect(report.steps.map { "\($0.environment) \($0.version)" } == ["development 1", "staging 2"])
            #expect(report.findings.map(\.rule) == ["down-does-not-undo"])
        }
    }

    /// The first replay applies the migration twice, in a database for the test and in one to inspect. The second one needs
    /// only a database to inspect.
    @Test func environmentsWithTheSameMigrationsShareAReplay() async throws {
        let counting = """
            DO $$ BEGIN EXECUTE format('ALTER ROLE replay_counter CONNECTION LIMIT %s',
                (SELECT rolconnlimit + 1 FROM pg_roles WHERE rolname = 'replay_counter')); END $$;
            """
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table + counting, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
        ]) { project in
            try await project.sql("DROP ROLE IF EXISTS replay_counter; CREATE ROLE replay_counter CONNECTION LIMIT 0")
            let report = try await project.replay(
                environments: ["development", "staging"],
                inspect: { [Finding(rule: "seen", severity: .info, file: $0, message: "\($1)")] }
            )
            #expect(report.findings.map(\.file) == ["development", "staging"])
            let count = try await project.sql("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'replay_counter'")
            #expect(count == "3")
            try await project.sql("DROP ROLE replay_counter")
        }
    }

    @Test func filesWithTheSameNamesAndOtherContentsAreReplayedForEachEnvironment() async throws {
        try await TestProject.with(migrations: [
            "development/000001_a.up.sql": Self.table, "development/000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "staging/000001_a.up.sql": Self.table, "staging/000001_a.down.sql": "SELECT 1;",
        ]) { project in
            let report = try await project.replay(environments: ["development", "staging"])
            #expect(report.steps.map { "\($0.environment) \($0.version)" } == ["development 1", "staging 1"])
            #expect(report.findings.map(\.rule) == ["down-does-not-undo"])
        }
    }

    @Test func aMigrationThatFailsIsNotInspectedForAnyEnvironment() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": "ALTER TABLE shop.missing ADD x int;",
        ]) { project in
            let report = try await project.replay(
                environments: ["development", "staging"],
                inspect: { environment, _ in
                    [Finding(rule: "seen", severity: .info, file: environment, message: "")]
                }
            )
            #expect(report.findings.map(\.rule) == ["up-fails"])
        }
    }

    @Test func theWholeSchemaIsShownWithoutRowsToWhomeverItConcerns() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "000002_b.up.sql": "CREATE TABLE shop.b ();",
            "staging/000003_c.up.sql": "CREATE TABLE shop.c ();",
        ]) { project in
            let report = try await project.replay(
                environments: ["development", "staging"],
                inspect: { environment, address in
                    let seen = try await withSession(address, logger: quietLogger) { session in
                        try session.query(
                            "SELECT count(*) || ' ' || (SELECT count(*) FROM shop.orders) AS seen FROM pg_tables WHERE schemaname = 'shop'"
                        )[0].text("seen")
                    }
                    return [Finding(rule: "seen", severity: .info, file: environment, message: seen)]
                }
            )
            #expect(report.findings.map { "\($0.file) \($0.message)" } == ["development 2 0", "staging 3 0"])
        }
    }

    @Test func anUnsatisfiableDependencyIsAFindingWithItsLine() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table,
            "dependencies.json": "{\"migrations\": {\n\"000001\": {\"depends_on\": [\"000009\"]}}}",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.count == 1)
            #expect(report.findings.first?.file.hasSuffix("dependencies.json") == true)
            #expect(report.findings.first?.line == 2)
            #expect(report.steps == [])
        }
    }

    @Test func anAbandonedScratchDatabaseGoesWithTheNextReplay() async throws {
        try await TestProject.with(migrations: ["000001_a.up.sql": Self.table]) { project in
            // There is no process with this number. The second name belongs to a user.
            let names = ["granary_replay_999999999_abcdef01", "granary_replay_mine"]
            for name in names { try await project.sql("CREATE DATABASE \(name)") }
            _ = try await project.replay()
            let left = try await project.sql(
                "SELECT datname FROM pg_database WHERE datname IN ('\(names[0])', '\(names[1])')"
            )
            #expect(left == names[1])
            try await project.sql("DROP DATABASE \(names[1])")
        }
    }
}

extension TestProject {
    /// Fills each empty table that accepts numbers with three rows.
    func replay(
        environments: [String] = ["development"],
        since: Int? = nil,
        on server: String? = nil,
        keepsRoles: Bool? = nil,
        inspect: @escaping @Sendable (String, ServerAddress) async throws -> [Finding] = { _, _ in [] }
    ) async throws -> ReplayReport {
        let file = try EnvironmentsFile.read(migrations: migrations)
        let options = MigratorOptions(
            services: [.init(service: .init(name: service, schemas: [service], folder: migrations), file: file)],
            environment: environments[0],
            now: 1_795_000_000,
            actor: "tester",
            host: "here",
            toolVersion: "1"
        )
        return try await Replay(
            options,
            environments: environments,
            server: ServerAddress(server ?? url),
            keepsRoles: keepsRoles ?? (server == nil),
            since: since,
            logger: quietLogger,
            fill: { address, tables in
                try await withSession(address, logger: quietLogger) { session in
                    for table in tables {
                        try? session.execute("INSERT INTO \(table) SELECT n, 'x' FROM generate_series(1, 3) n")
                    }
                }
            },
            inspect: inspect,
            progress: { _ in }
        ).run()
    }
}
