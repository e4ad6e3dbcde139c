import Migrations
import SQLText
import TestSupport
import Testing

/// Contradictions between ledger and catalog, as `status` reports them.
@Suite struct DisagreementTests {
    static let three: KeyValuePairs = [
        "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
        "2_b.up.sql": "CREATE TABLE shop.\"B\" (); CREATE UNLOGGED TABLE IF NOT EXISTS shop.c ();",
        "3_d.up.sql": "ALTER TABLE shop.a ADD note text; CREATE TABLE public.d ();",
    ]

    @Test func aMissingTableOfAnAppliedMigrationIsReported() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.up()
            try await #expect(project.disagreements() == [])
            try await project.sql("DROP TABLE shop.a, shop.\"B\", public.d; CREATE TABLE public.b ()")
            let found = try await project.migrator().status()[0].disagreements
            #expect(found.map(\.problem) == [.missing, .missing, .missing])
            #expect(found.map(\.table) == ["shop.a", "shop.B", "public.d"])
            #expect(found.map(\.version) == [1, 2, 3])
            #expect(found[0].message == "1_a is applied, but the table shop.a that it creates does not exist")
            try await #expect(project.states() == "1 applied, 2 applied, 3 applied")
        }
    }

    @Test func anExistingTableOfAPendingMigrationIsReported() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.up()
            // As after the restore of a dump without a ledger or with an older one. IF NOT EXISTS would accept shop.c.
            try await project.sql("DELETE FROM granary.migrations WHERE version > 1")
            let found = try await project.migrator().status()[0].disagreements
            #expect(found.map(\.problem) == [.present, .present])
            #expect(found.map(\.table) == ["shop.B", "public.d"])
            #expect(found[0].message == "2_b is not applied, but the table shop.B that it creates exists already")
            try await project.sql("DROP SCHEMA granary CASCADE")
            try await #expect(
                project.migrator().status()[0].disagreements.map(\.table) == ["shop.a", "shop.B", "public.d"]
            )
        }
    }

    /// Nothing is reported about a table that a later statement drops or may drop.
    @Test(arguments: [
        "DROP TABLE shop.a;", "DROP TABLE IF EXISTS shop.x, shop.a CASCADE;", "ALTER TABLE shop.a RENAME TO z;",
        "CREATE SCHEMA z; ALTER TABLE IF EXISTS ONLY shop.a SET SCHEMA z;", "DROP SCHEMA shop CASCADE;",
        "ALTER SCHEMA shop RENAME TO z;", "DO $$BEGIN EXECUTE 'DROP TABLE shop.' || 'a'; END$$; -- shop.a",
        "CREATE TABLE shop.b (); DROP TABLE shop.a; CREATE TABLE shop.a (); DROP TABLE shop.a;",
    ])
    func aTableDroppedByALaterMigrationIsNotReported(_ text: String) async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);", "2_b.up.sql": text,
        ]) { project in
            try await project.up()
            try await project.sql("DROP TABLE IF EXISTS shop.a")
            try await #expect(project.disagreements() == [])
        }
    }

    @Test(arguments: [
        "CREATE TEMP TABLE t (); CREATE TEMPORARY TABLE u ();",
        "CREATE SCHEMA shop; CREATE TABLE shop.t (id int) PARTITION BY LIST (id); CREATE TABLE shop.p PARTITION OF shop.t FOR VALUES IN (1); DROP TABLE shop.p;",
        "CREATE SCHEMA shop; SET search_path = shop; CREATE TABLE t ();",
        "-- CREATE TABLE t ();\nSELECT 'CREATE TABLE u ()', $$CREATE TABLE v ();$$ /* CREATE TABLE w (); */;",
        "CREATE SCHEMA shop CREATE TABLE t () CREATE VIEW v AS SELECT 1 AS one;",
        "CREATE SCHEMA shop; CREATE TABLE shop.t AS SELECT 1 AS a; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE shop.f (a int) SERVER s;",
        "CREATE TABLE \"of\" (); CREATE TABLE \"a\"\"b\" (); CREATE TABLE /* x */ c -- y\n();",
    ])
    func aCatalogThatMatchesTheFilesIsNotReported(_ text: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": text]) { project in
            try await project.up()
            try await #expect(project.disagreements() == [])
        }
    }

    @Test func aTableRecreatedOnPurposeIsNotInTheWay() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (); CREATE TABLE shop.b (); CREATE TABLE shop.c ();",
            "2_b.up.sql": "DROP TABLE shop.a; CREATE TABLE shop.a (id int);",
            "3_c.up.sql": "ALTER TABLE shop.b RENAME TO b_old;", "4_d.up.sql": "CREATE TABLE shop.b (id int);",
            "5_e.up.sql": "CREATE TABLE shop.c (id int); DROP TABLE shop.c;",
        ]) { project in
            try await project.up(1)
            try await #expect(
                project.disagreements() == ["5_e is not applied, but the table shop.c that it creates exists already"]
            )
        }
    }

    @Test func filesOfOtherEnvironmentsAndMissingFilesCountAsFarAsKnown() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (); CREATE TABLE shop.b (); CREATE TABLE shop.c ();",
            "development/2_b.up.sql": "DROP TABLE shop.a;", "3_c.up.sql": "DROP TABLE shop.b;",
            "3_c.down.sql": "CREATE TABLE shop.b ();", "4_d.up.sql": "SELECT 1;",
        ]) { project in
            try await project.up()
            try project.folder.remove("migrations/3_c.up.sql")
            try project.folder.remove("migrations/3_c.down.sql")
            var staging = project
            staging.environment = "staging"
            try await #expect(staging.states() == "1 applied, 2 other_layer, 3 missing, 4 applied")
            try await #expect(staging.disagreements() == [])
            try await project.sql("DROP TABLE shop.c")
            try await #expect(
                staging.disagreements() == ["1_a is applied, but the table shop.c that it creates does not exist"]
            )
        }
    }

    @Test func aContradictingRowIsReported() async throws {
        try await TestProject.with(migrations: GolangMigrateTests.three) { project in
            try await project.sql(GolangMigrateTests.left(at: 2))
            try await project.up()
            try await #expect(project.disagreements() == [])
            try await project.sql("UPDATE shop.schema_migrations SET version = 2")
            try await #expect(
                project.disagreements()
                    == ["golang-migrate's row in shop.schema_migrations says version 2, and the ledger says 3"]
            )
        }
    }

    @Test func statusWaitsForNoLock() async throws {
        try await TestProject.with(migrations: Self.three) { project in
            try await project.up()
            try await project.while("LOCK TABLE shop.a, public.d", as: "someone") {
                try await #expect(project.disagreements() == [])
            }
        }
    }

    @Test func wordsAloneTellWhichTablesAreMentioned() {
        let mentions = TableMentions(
            """
            create table IF NOT EXISTS A.b (x text); Create Unlogged Table "C" AS SELECT 1; CREATE TABLE d PARTITION OF a.b DEFAULT;
            ALTER TABLE ONLY a.e ADD f int; DROP TABLE IF EXISTS g, "H".i , j CASCADE; COMMENT ON TABLE k IS 'create table l';
            """
        )
        #expect(mentions.created.map(\.description) == ["a.b", "C"])
        #expect(mentions.changed == ["e", "g", "i", "j"])
        #expect(!mentions.changesSchemas && !mentions.hasBodies)
        let other = TableMentions("DROP SCHEMA x; DO $$ BEGIN END $$; CREATE TABLE")
        #expect(other.changesSchemas && other.hasBodies && other.created.isEmpty)
    }
}

extension TestProject {
    fileprivate func disagreements() async throws -> [String] {
        try await migrator().status()[0].disagreements.map(\.message)
    }
}
