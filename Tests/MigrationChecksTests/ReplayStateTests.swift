import MigrationChecks
import Migrations
import TestSupport
import Testing

/// The comparison of catalog and rows before and after each file of a replay.
@Suite struct ReplayStateTests {
    private static let table = "CREATE SCHEMA shop;\nCREATE TABLE shop.orders (id int PRIMARY KEY, note text);\n"
    private static let drop = "DROP SCHEMA shop CASCADE;"

    @Test(arguments: ["", "-- later\n"])
    func anEmptyDownFileIsNotReplayed(down: String) async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table, "000001_a.down.sql": down,
            "000002_b.up.sql": "CREATE TABLE shop.b ();", "000002_b.down.sql": "DROP TABLE shop.b;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings == [])
            #expect(report.steps.map(\.undoes) == [nil, true])
        }
    }

    /// The definitions of an index, a view and a key contain the name of the table, and change with it.
    @Test func anUndoneRenameIsNotADifference() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table + """
                CREATE TABLE shop.items (o int REFERENCES shop.orders, note text CHECK (note <> ''));
                CREATE VIEW shop.v AS SELECT note FROM shop.orders;
                CREATE INDEX i ON shop.orders (note) WHERE note IS NOT NULL;
                """,
            "000001_a.down.sql": Self.drop,
            "000002_b.up.sql": "ALTER TABLE shop.orders RENAME TO buys; ALTER TABLE shop.buys RENAME note TO words;",
            "000002_b.down.sql": "ALTER TABLE shop.buys RENAME words TO note; ALTER TABLE shop.buys RENAME TO orders;",
            "000003_c.up.sql": "COMMENT ON VIEW shop.v IS 'x'; ALTER TABLE shop.items ADD COLUMN n int;",
            "000003_c.down.sql": "COMMENT ON VIEW shop.v IS NULL; ALTER TABLE shop.items DROP COLUMN n;",
            "000004_d.up.sql": "ALTER SCHEMA shop RENAME TO store;",
            "000004_d.down.sql": "ALTER SCHEMA store RENAME TO shop;",
            "000005_e.up.sql": "ALTER TABLE store.items ALTER note SET NOT NULL;",
            "000005_e.down.sql": "ALTER TABLE store.items ALTER note DROP NOT NULL;",
            "000006_f.up.sql": "ALTER INDEX store.i RENAME TO j;", "000006_f.down.sql": "SELECT 1;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == ["down-does-not-undo"])
            #expect(report.findings.first?.file.hasSuffix("000006_f.down.sql") == true)
            #expect(report.steps.map(\.undoes) == [true, true, true, true, true, false])
        }
    }

    @Test(arguments: [
        ("ALTER TABLE shop.orders DROP CONSTRAINT positive;", "constraint shop.orders.positive"),
        ("DROP TRIGGER t ON shop.orders;", "trigger shop.orders.t"),
        ("DROP RULE r ON shop.orders;", "rule shop.orders.r"),
        ("DROP POLICY p ON shop.orders;", "policy shop.orders.p"), ("DROP FUNCTION shop.f();", "function shop.f()"),
        ("DROP TYPE shop.e;", "type shop.e"), ("DROP SEQUENCE shop.s;", "sequence shop.s"),
        ("DROP INDEX shop.i;", "index shop.i"),
        ("COMMENT ON TABLE shop.orders IS NULL;", "comment on table shop.orders"),
        ("DROP SCHEMA other;", "schema other"),
        ("ALTER TABLE shop.orders ALTER note DROP DEFAULT;", "column shop.orders.note"),
        ("DROP STATISTICS shop.st;", "statistics object shop.st"),
    ])
    func objectsThatADownFileDoesNotRestoreAreReported(up: String, missed: String) async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table + """
                ALTER TABLE shop.orders ADD CONSTRAINT positive CHECK (id > 0), ALTER note SET DEFAULT 'x';
                CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE shop.e AS ENUM ('a');
                CREATE FUNCTION shop.g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                CREATE TRIGGER t BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.g();
                CREATE RULE r AS ON DELETE TO shop.orders WHERE false DO INSTEAD NOTHING;
                CREATE POLICY p ON shop.orders; CREATE SEQUENCE shop.s; CREATE INDEX i ON shop.orders (note);
                COMMENT ON TABLE shop.orders IS 'x'; CREATE SCHEMA other; CREATE STATISTICS shop.st ON id, note FROM shop.orders;
                """,
            "000002_b.up.sql": up, "000002_b.down.sql": "SELECT 1;",
            "000003_c.up.sql": "CREATE TABLE shop.c ();", "000003_c.down.sql": "DROP TABLE shop.c;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == ["down-does-not-undo"])
            #expect(report.findings.first?.message.contains(missed) == true, "\(report.findings.first?.message ?? "")")
            #expect(report.steps.map(\.undoes) == [nil, false, true])
        }
    }

    /// Expressions as pg_dump prints them. After reading these, the server prints them in another form.
    @Test(arguments: [
        (
            "ALTER TABLE shop.t DROP CONSTRAINT c;",
            "ALTER TABLE shop.t ADD CONSTRAINT c CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])));",
            true
        ),
        (
            "ALTER TABLE shop.t DROP CONSTRAINT c;", "ALTER TABLE shop.t ADD CONSTRAINT c CHECK (s IN ('a', 'c'));",
            false
        ),
        (
            "DROP VIEW shop.v;",
            "CREATE VIEW shop.v AS SELECT t.id FROM shop.t WHERE ((t.s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]));",
            true
        ),
        ("DROP VIEW shop.v;", "CREATE VIEW shop.v AS SELECT id FROM shop.t WHERE s IN ('a', 'c');", false),
        (
            "DROP INDEX shop.i;",
            "CREATE INDEX i ON shop.t USING btree (id) WHERE ((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]));",
            true
        ),
        ("DROP INDEX shop.i;", "CREATE INDEX i ON shop.t (id) WHERE s IN ('a');", false),
        (
            "ALTER TABLE shop.t ALTER d DROP DEFAULT;",
            "ALTER TABLE shop.t ALTER d SET DEFAULT (('a'::character varying)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]));",
            true
        ),
        ("ALTER TABLE shop.t ALTER d DROP DEFAULT;", "ALTER TABLE shop.t ALTER d SET DEFAULT true;", false),
    ])
    func expressionsAreComparedAsTheServerReadsThem(up: String, down: String, isSame: Bool) async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": """
            CREATE SCHEMA shop;
            CREATE TABLE shop.t (id int PRIMARY KEY, s varchar(9) CONSTRAINT c CHECK (s IN ('a', 'b')),
                d boolean DEFAULT ('a'::varchar IN ('a', 'b')));
            CREATE VIEW shop.v AS SELECT id FROM shop.t WHERE s IN ('a', 'b');
            CREATE INDEX i ON shop.t (id) WHERE s IN ('a', 'b');
            """,
            "000001_a.down.sql": Self.drop, "000002_b.up.sql": up, "000002_b.down.sql": down,
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings.map(\.rule) == (isSame ? [] : ["down-does-not-undo"]), "\(report.findings)")
        }
    }

    /// In one transaction with its down file, the up file would violate an immediate constraint.
    @Test func statementsThatNeedTwoTransactionsAreRunInTwo() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": """
            CREATE SCHEMA shop;
            CREATE TABLE shop.a (id int PRIMARY KEY, b int NOT NULL);
            CREATE TABLE shop.b (id int PRIMARY KEY, a int NOT NULL REFERENCES shop.a DEFERRABLE INITIALLY DEFERRED);
            ALTER TABLE shop.a ADD FOREIGN KEY (b) REFERENCES shop.b DEFERRABLE INITIALLY DEFERRED;
            INSERT INTO shop.a VALUES (1, 1);
            INSERT INTO shop.b VALUES (1, 1);
            """,
            "000001_a.down.sql": Self.drop,
            "000002_b.up.sql": "CREATE TABLE shop.c ();", "000002_b.down.sql": "DROP TABLE shop.c;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings == [])
            #expect(report.steps.map(\.undoes) == [true, true])
        }
    }

    /// The second run of an up file may leave other rows than the first. The next migration must not be blamed for
    /// them.
    @Test(arguments: ["DELETE FROM shop.orders WHERE id > 5;", "-- nothing to undo"])
    func rowsOfASecondUpAreNotBlamedOnTheNextMigration(down: String) async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": Self.table + "INSERT INTO shop.orders SELECT n, 'x' FROM generate_series(1, 5) n;",
            "000001_a.down.sql": Self.drop,
            "000002_b.up.sql": """
            -- no-transaction
            INSERT INTO shop.orders SELECT max(id) + 1, clock_timestamp()::text FROM shop.orders;
            """,
            "000002_b.down.sql": down,
            "000003_c.up.sql": "CREATE INDEX i ON shop.orders (note);", "000003_c.down.sql": "DROP INDEX shop.i;",
        ]) { project in
            let report = try await project.replay()
            #expect(report.findings == [])
            #expect(report.steps.map(\.undoes) == [true, down.hasPrefix("DELETE") ? true : nil, true])
        }
    }

    @Test func scratchDatabasesContainTheObjectsOfBefore() async throws {
        let up = "CREATE TABLE app.t (id int REFERENCES other.u, name citext);"
        try await TestProject.with(migrations: ["000001_a.up.sql": up, "000001_a.down.sql": "DROP TABLE app.t;"]) {
            project in
            let alone = try await project.replay()
            #expect(alone.findings.map(\.rule) == ["up-fails"])
            #expect(alone.findings.first?.hint?.contains("\"before\": {\"schemas\": [\"name\"]}") == true)
            try project.folder.write(
                "CREATE SCHEMA other;\nCREATE TABLE other.u (id int PRIMARY KEY);\nCOPY other.u FROM stdin;\n1\n\\.\n",
                to: "before.sql"
            )
            let before = #"{"schemas": ["app"], "extensions": ["citext"], "files": ["../before.sql"]}"#
            try project.writeMigration("{\"before\": \(before), \"migrations\": {}}", to: "dependencies.json")
            let report = try await project.replay()
            #expect(report.findings == [])
            #expect(report.steps.map(\.undoes) == [true])
            // The database of the service does not get these objects.
            try await #expect(
                project.sql("SELECT to_regnamespace('app') IS NULL AND to_regnamespace('other') IS NULL") == "t"
            )
            try project.folder.write("CREATE SCHEMA other;\nCREATE TABL x ();\n", to: "before.sql")
            let faulty = try await project.replay()
            #expect(faulty.findings.map(\.rule) == ["replay"])
            #expect(faulty.findings.first?.file.hasSuffix("before.sql") == true)
            #expect(faulty.findings.first?.line == 2)
        }
    }
}
