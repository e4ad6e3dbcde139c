import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// A part of a database is complete: everything that belongs to its tables is included from other schemas, and what it
/// needs is named before anything is created.
@Suite(.serialized)
struct WholePartTests {
    /// `app` has partitions at two levels and an inheriting table in other schemas, and needs an object of each common
    /// kind.
    private static let shop = #"""
        CREATE SCHEMA app; CREATE SCHEMA parts; CREATE SCHEMA other;
        CREATE EXTENSION citext SCHEMA public;
        CREATE TYPE other.mood AS ENUM ('a', 'b');
        CREATE TABLE other.customers (id int PRIMARY KEY);
        CREATE FUNCTION other.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE SEQUENCE other.numbers;
        CREATE TABLE app.events (a int PRIMARY KEY, b text, moods other.mood[], e citext,
            n int DEFAULT nextval('other.numbers')) PARTITION BY RANGE (a);
        CREATE INDEX ON app.events (b);
        CREATE TABLE parts.early PARTITION OF app.events FOR VALUES FROM (0) TO (100);
        CREATE TABLE parts.late PARTITION OF app.events FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (a);
        CREATE TABLE other.late_1 PARTITION OF parts.late FOR VALUES FROM (100) TO (150);
        CREATE TRIGGER stamp BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION other.stamp();
        CREATE TABLE app.things (x int, c int REFERENCES other.customers);
        CREATE TABLE parts."he""ir|x" (y serial) INHERITS (app.things);
        CREATE VIEW app.all_customers AS SELECT * FROM other.customers;
        CREATE TABLE parts.unrelated (z int);
        CREATE TYPE parts.pair AS (a int);
        CREATE FUNCTION parts.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
        COMMENT ON FUNCTION parts.one() IS 'one';
        REVOKE ALL ON FUNCTION parts.one() FROM PUBLIC;
        GRANT USAGE ON SCHEMA parts TO PUBLIC;
        INSERT INTO other.customers VALUES (1);
        INSERT INTO app.events (a) SELECT generate_series(1, 149);
        INSERT INTO parts."he""ir|x" (x, c) VALUES (1, 1);
        INSERT INTO parts.unrelated VALUES (1);
        """#

    private static let needs = [
        "extension citext", "function other.stamp()", "sequence other.numbers", "table other.customers",
        "type other.mood",
    ]

    private func withShop(
        _ body: (ThrowawayServer, _ url: String, ScratchFolder, DatabasePortrait) async throws -> Void
    ) async throws {
        try await withDatabase(Self.shop) { server, url, folder in
            try await body(server, url, folder, .of(url))
        }
    }

    private func plan(
        _ file: String,
        _ url: String,
        _ change: (inout RestoreOptions) -> Void = { _ in }
    ) async throws -> RestorePlanReport {
        var options = RestoreOptions(file: file)
        change(&options)
        return try await RestoreRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }.plan()
    }

    @Test func partitionsAndHeirsInOtherSchemasAreBackedUpWithTheirRows() async throws {
        try await withShop { _, url, folder, _ in
            let report = try await backup(url, to: folder.file("app.zip")) { $0.schemas = ["app"] }
            #expect(report.rows == 150)
            let manifest = try manifest(of: folder.file("app.zip"))
            let tables = Dictionary(uniqueKeysWithValues: manifest.tables.map { ("\($0.schema).\($0.name)", $0.rows) })
            #expect(
                tables == [
                    "app.events": 0, "app.things": 0, "parts.early": 99, "parts.late": 0, "other.late_1": 50,
                    #"parts.he"ir|x"#: 1,
                ]
            )
            #expect(
                report.notes.contains { $0.contains(#"other.late_1, parts.early, "parts"."he""ir|x", parts.late"#) }
            )
            // Nothing else of the other schemas.
            let names = manifest.schema.map { "\($0.kind) \($0.schema ?? "-").\($0.name)" }
            for word in ["unrelated", "pair", "one()", "customers_pkey", "mood", "stamp()", "SCHEMA parts"] {
                let found = names.filter { $0.contains(word) && $0 != "SCHEMA -.parts" }
                #expect(found == [], "\(word)")
            }
        }
    }

    @Test func aTableBringsItsPartitionsAndHeirsToo() async throws {
        try await withShop { _, url, folder, _ in
            let report = try await backup(url, to: folder.file("t.zip")) { $0.tables = ["app.events", "app.things"] }
            #expect(report.rows == 150)
            // Together with a schema, which pg_dump would use instead of the tables.
            let both = try await backup(url, to: folder.file("u.zip")) {
                $0.tables = ["app.events"]
                $0.schemas = ["parts"]
            }
            #expect(both.rows == 151)
            let kinds = try manifest(of: folder.file("u.zip")).schema.map {
                "\($0.kind) \($0.schema ?? "-").\($0.name)"
            }
            for item in ["TABLE app.events", "TABLE parts.unrelated", "FUNCTION parts.one()", "TABLE other.late_1"] {
                #expect(kinds.contains(item), "\(item)")
            }
            #expect(!kinds.contains("TABLE app.things"))
            // An inheriting table whose rows should be kept is left out on request; a partition is not.
            let alone = try await backup(url, to: folder.file("a.zip")) {
                $0.tables = ["app.events", "app.things"]
                $0.withInheritors = false
            }
            #expect(alone.rows == 149)
            let without = try await backup(url, to: folder.file("w.zip")) {
                $0.schemas = ["app"]
                $0.tablesWithoutData = ["parts.early"]
            }
            #expect(without.rows == 51)
        }
    }

    @Test func whatAPartNeedsIsInTheNotesAndTheManifest() async throws {
        try await withShop { _, url, folder, _ in
            let report = try await backup(url, to: folder.file("app.zip")) { $0.schemas = ["app"] }
            let note = report.notes.first { $0.contains("needs objects that are not in the backup") }
            #expect(note?.hasSuffix(Self.needs.joined(separator: ", ")) == true, "\(report.notes)")
            let manifest = try manifest(of: folder.file("app.zip"))
            #expect(manifest.needs?.map(\.title) == Self.needs)
            #expect(manifest.extensions.map(\.name) == ["citext"])
            let things = try #require(manifest.tables.first { $0.name == "things" })
            #expect(manifest.needs?.first { $0.name == "other.customers" }?.neededBy.contains(things.oid) == true)
            // A whole database needs nothing.
            let whole = try await backup(url, to: folder.file("whole.zip"))
            #expect(whole.notes == [])
        }
    }

    @Test func aPlainDumpOfAPartIsWholeToo() async throws {
        try await withShop { server, url, folder, _ in
            var options = BackupOptions(output: .file(path: folder.file("app.sql"), overwrite: false))
            options.format = .sql
            options.schemas = ["app"]
            let report = try await BackupRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }.run()
            #expect(report.rows == 150)
            try await psql(url, "DROP SCHEMA app CASCADE")
            let outcome = try await runCommand(
                "psql",
                ["-Xq", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", folder.file("app.sql")]
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                try await psql(url, "SELECT (SELECT count(*) FROM app.events), (SELECT count(*) FROM app.things)")
                    == "149|1"
            )
        }
    }

    @Test(arguments: [true, false]) func aPartComesBackAsItWas(fromWhole: Bool) async throws {
        try await withShop { _, url, folder, original in
            try await backup(url, to: folder.file("a.zip")) { $0.schemas = fromWhole ? [] : ["app"] }
            try await psql(
                url,
                "DELETE FROM app.events WHERE a % 3 = 0; INSERT INTO app.things VALUES (7); DROP VIEW app.all_customers"
            )
            let outlook = try await plan(folder.file("a.zip"), url) { $0.schemas = ["app"] }
            #expect(outlook.obstacles == [])
            for need in Self.needs { #expect(outlook.steps.contains { $0.contains(need) }, "\(need)") }
            for name in ["table parts.early", "table parts.late", "table other.late_1", #"table parts."he""ir|x""#] {
                #expect(
                    outlook.steps.contains { $0.contains("dropped and made again") && $0.contains(name) },
                    "\(name)"
                )
            }
            let report = try await restore(folder.file("a.zip"), url) { $0.schemas = ["app"] }
            #expect(report.rows == 150)
            expectSame(try await .of(url), original)
        }
    }

    @Test func nothingIsMadeWhereSomethingIsMissing() async throws {
        try await withShop { server, url, folder, _ in
            try await backup(url, to: folder.file("app.zip")) { $0.schemas = ["app"] }
            try await server.withName { name in
                let error = await failure { try await restore(folder.file("app.zip"), url) { $0.into = name } }
                #expect(error?.code == .preflight)
                for need in Self.needs { #expect(error?.message.contains(need) == true, "\(need)") }
                #expect(error?.hint?.contains(#"CREATE EXTENSION "citext""#) == true)
                try await #expect(!server.databases().contains(name))
            }
            try await psql(url, "DROP FUNCTION other.stamp() CASCADE; ALTER TYPE other.mood RENAME TO temper")
            let before = try await DatabasePortrait.of(url)
            let outlook = try await plan(folder.file("app.zip"), url)
            #expect(
                outlook.obstacles.contains { $0.contains("does not have: function other.stamp(), type other.mood") }
            )
            let error = await failure { try await restore(folder.file("app.zip"), url) }
            #expect(error?.message.contains("function other.stamp(), type other.mood") == true)
            expectSame(try await .of(url), before)
            // Rows alone need neither.
            try await psql(url, "ALTER TYPE other.temper RENAME TO mood")
            try await restore(folder.file("app.zip"), url) { $0.dataOnly = true }
        }
    }

    @Test func whatWouldBeLostElsewhereIsNamedInThePlan() async throws {
        try await withShop { _, url, folder, _ in
            try await backup(url, to: folder.file("app.zip")) { $0.schemas = ["app"] }
            try await psql(url, "CREATE VIEW other.of_early AS SELECT a FROM parts.early")
            let outlook = try await plan(folder.file("app.zip"), url)
            #expect(
                outlook.obstacles.contains {
                    $0.contains("would drop objects in other schemas that depend on it: view other.of_early (")
                }
            )
            let error = await failure { try await restore(folder.file("app.zip"), url) }
            #expect(error?.message.contains("view other.of_early") == true)
            // A table that is restored is not lost, and an existing table that prevents the restore is named.
            try await psql(url, "DROP VIEW other.of_early; ALTER TABLE app.events DETACH PARTITION parts.early")
            let before = try await DatabasePortrait.of(url)
            let obstacles = try await plan(folder.file("app.zip"), url).obstacles
            #expect(
                obstacles.contains { $0.contains("parts.early exists and would not be dropped with app") },
                "\(obstacles)"
            )
            _ = await failure { try await restore(folder.file("app.zip"), url) }
            expectSame(try await .of(url), before)
        }
    }

    /// A question before rows are replaced must name those of other schemas.
    @Test func rowsOfOtherSchemasAreAtStakeToo() async throws {
        try await withShop { _, url, folder, _ in
            try await psql(url, #"DELETE FROM parts."he""ir|x"; DELETE FROM app.events WHERE a < 149"#)
            try await backup(url, to: folder.file("app.zip")) { $0.schemas = ["app"] }
            func atStake() async throws -> TableName? {
                try await RestoreRun(
                    RestoreOptions(file: folder.file("app.zip")),
                    server: ServerAddress(url),
                    logger: quietLogger
                ) { _ in }.tableWithRows()
            }
            #expect(try await atStake() == TableName(schema: "other", name: "late_1"))
            try await psql(url, "DELETE FROM app.events")
            #expect(try await atStake() == nil)
        }
    }

    @Test func partitionsThatComeBackWithoutTheirParentsAreAttached() async throws {
        try await withShop { _, url, folder, original in
            try await backup(url, to: folder.file("whole.zip"))
            try await restore(folder.file("whole.zip"), url) { $0.schemas = ["parts"] }
            expectSame(try await .of(url), original)
            try await psql(url, "DROP TABLE parts.early")
            try await restore(folder.file("whole.zip"), url) { $0.tables = [.init(table: "parts.early")] }
            expectSame(try await .of(url), original)
            try await psql(url, "DROP TABLE parts.early")
            try await backup(url, to: folder.file("late.zip")) { $0.tables = ["parts.late"] }
            try await psql(url, "DROP TABLE parts.late")
            try await restore(folder.file("late.zip"), url) { $0.tables = [.init(table: "parts.late")] }
            try await restore(folder.file("whole.zip"), url) { $0.tables = [.init(table: "parts.early")] }
            expectSame(try await .of(url), original)
        }
    }

    @Test func aPartitionWithoutItsParentBecomesATableOfItsOwn() async throws {
        let sql = """
            CREATE SCHEMA app; CREATE TABLE app.e (a int PRIMARY KEY) PARTITION BY RANGE (a);
            CREATE TABLE app.e_1 PARTITION OF app.e FOR VALUES FROM (0) TO (10); INSERT INTO app.e VALUES (1), (2)
            """
        try await withDatabase(sql) { server, url, folder in
            try await backup(url, to: folder.file("whole.zip"))
            try await backup(url, to: folder.file("alone.zip")) { $0.tables = ["app.e_1"] }
            for file in ["whole.zip", "alone.zip"] {
                try await server.withName { name in
                    let report = try await restore(folder.file(file), url) {
                        $0.into = name
                        $0.tables = [.init(table: "app.e_1")]
                    }
                    #expect(report.rows == 2)
                    #expect(report.notes.contains { $0.contains("app.e_1 becomes a table of its own: app.e,") })
                    let rows = try await psql(
                        server.url(database: name),
                        "SELECT a FROM app.e_1 ORDER BY a; SELECT relispartition FROM pg_class WHERE relname = 'e_1'"
                    )
                    #expect(rows == "1\n2\nf")
                }
            }
        }
    }
}
