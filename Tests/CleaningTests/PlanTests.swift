import Cleaning
import PostgresClient
import TestSupport
import Testing

/// The tables that a plan cleans or keeps. A plan changes nothing.
@Suite struct PlanTests {
    @Test func tablesElsewhereAreHitOnlyByRowsThatRefer() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; CREATE SCHEMA other;
            CREATE TABLE shop.users (id int PRIMARY KEY);
            CREATE TABLE shop.empty (id int PRIMARY KEY);
            CREATE TABLE other.notes (id int PRIMARY KEY, u int REFERENCES shop.users);
            CREATE TABLE other.replies (n int CONSTRAINT answers REFERENCES other.notes ON DELETE CASCADE);
            CREATE TABLE other.nulls (u int REFERENCES shop.users);
            CREATE TABLE other.half (a int, b int);
            CREATE TABLE other.nobody (e int REFERENCES shop.empty);
            CREATE TABLE other.alone (id int);
            ALTER TABLE shop.users ADD c int DEFAULT 1, ADD UNIQUE (id, c);
            ALTER TABLE other.half ADD FOREIGN KEY (a, b) REFERENCES shop.users (id, c);
            INSERT INTO shop.users VALUES (1), (2), (3);
            INSERT INTO other.notes VALUES (1, 1), (2, NULL);
            INSERT INTO other.replies VALUES (1);
            INSERT INTO other.nulls VALUES (NULL), (NULL);
            INSERT INTO other.half VALUES (7, NULL);
            INSERT INTO other.alone VALUES (1);
            """
        ) { barn in
            let plan = try await barn.plan()
            #expect(plan.summary == "other.notes 2 delete, other.replies 1 delete, shop.users 3 delete")
            #expect(plan.tables[0].because == "its rows refer to shop.users through notes_u_fkey")
            #expect(plan.tables[1].because == "its rows refer to other.notes through answers")
            #expect(plan.tables[2].because == nil)
            #expect(plan.rows == 6)
            #expect(plan.isExact)
            // Three tables of one page each, three indexes of two pages, and the unique index of two pages.
            #expect(plan.bytes == 3 * 8192 + 2 * 16384 + 16384)
            #expect(plan.hits == [])
            let report = try await barn.clean()
            #expect(report.summary == "other.notes 2, other.replies 1, shop.users 3")
            try await #expect(
                barn.rows(of: "other") == "alone 1, half 1, nobody 0, notes 0, nulls 2, replies 0"
            )
        }
    }

    @Test(arguments: ["CASCADE", "SET NULL", "SET DEFAULT", "NO ACTION", "RESTRICT"])
    func aTableThatIsLeftAloneMustNotLoseRows(action: String) async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; CREATE SCHEMA other;
            CREATE TABLE shop.users (id int PRIMARY KEY);
            CREATE TABLE other.log (u int CONSTRAINT who REFERENCES shop.users ON DELETE \(action));
            CREATE TABLE shop.kept (u int REFERENCES shop.users ON DELETE \(action));
            INSERT INTO shop.users VALUES (1);
            INSERT INTO other.log VALUES (1);
            INSERT INTO shop.kept VALUES (NULL);
            """
        ) { barn in
            for change: (inout CleanOptions) -> Void in [{ $0.protect = ["other.log"] }, { $0.keep = ["log"] }] {
                let error = await failure {
                    try await barn.clean {
                        change(&$0)
                        $0.reference = ["kept"]
                    }
                }
                #expect(error?.code == .protected)
                #expect(error?.message.contains("other.log is not cleaned (") == true)
                #expect(error?.message.contains("refer to shop.users through who") == true)
                #expect(error?.message.contains("shop.kept") == false)
            }
            try await #expect(barn.rows() == "kept 1, users 1")
            try await #expect(barn.rows(of: "other") == "log 1")
            // A kept table without referring rows is no obstacle.
            try await barn.sql("UPDATE other.log SET u = NULL")
            let report = try await barn.clean { $0.keep = ["log", "shop.kept"] }
            #expect(report.summary == "shop.users 1")
            try await #expect(barn.rows() == "kept 1, users 0")
        }
    }

    @Test func ledgersExtensionsForeignTablesAndOurOwnAreLeftAlone() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop;
            CREATE TABLE shop.schema_migrations AS SELECT 3 AS version, false AS dirty;
            CREATE TABLE shop."__EFMigrationsHistory" AS SELECT 'x' AS "MigrationId";
            CREATE TABLE shop.flyway_schema_history AS SELECT 1 AS rank;
            CREATE TABLE shop.goose_db_version AS SELECT 1 AS id;
            CREATE TABLE shop.alembic_version AS SELECT 'a' AS version_num;
            CREATE TABLE shop.databasechangelog AS SELECT 'a' AS id;
            CREATE TABLE shop._prisma_migrations AS SELECT 'a' AS id;
            CREATE TABLE shop.migrations AS SELECT 1 AS id, 'x' AS migration, 1 AS batch;
            CREATE SCHEMA birds; CREATE TABLE birds.migrations AS SELECT 'swallow' AS species;
            CREATE TABLE shop.config AS SELECT 1 AS a;
            ALTER EXTENSION plpgsql ADD TABLE shop.config;
            CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
            CREATE FOREIGN TABLE shop.far (a int) SERVER nowhere;
            CREATE TABLE shop.audit_log AS SELECT 1 AS a;
            CREATE TABLE shop.countries AS SELECT 1 AS a;
            CREATE TABLE shop.mine AS SELECT 1 AS a;
            CREATE TABLE shop.rows AS SELECT 1 AS a;
            CREATE VIEW shop.seen AS SELECT 1 AS a;
            CREATE UNLOGGED TABLE shop.fast AS SELECT 1 AS a;
            """
        ) { barn in
            try await barn.mark()
            let change: (inout CleanOptions) -> Void = {
                $0.protect = ["shop.audit_log", "no.such"]
                $0.reference = ["countries"]
                $0.keep = ["shop.mine"]
            }
            let plan = try await barn.plan(["shop"], change)
            #expect(plan.summary == "shop.fast 1 delete, shop.rows 1 delete")
            #expect(
                plan.keptSummary
                    == """
                    shop.__EFMigrationsHistory: the ledger of Entity Framework, \
                    shop._prisma_migrations: the ledger of Prisma, shop.alembic_version: the ledger of Alembic, \
                    shop.audit_log: protect: in seeds.yaml, shop.config: the extension plpgsql's, \
                    shop.countries: --keep-reference, shop.databasechangelog: the ledger of Liquibase, \
                    shop.far: a foreign table, shop.flyway_schema_history: the ledger of Flyway, \
                    shop.goose_db_version: the ledger of goose, shop.migrations: the ledger of Laravel, \
                    shop.mine: --keep, shop.schema_migrations: the ledger of golang-migrate
                    """
            )
            #expect(plan.notes == ["protect: no.such in seeds.yaml matches no table of this database"])
            let all = try await barn.plan(nil, change)
            #expect(all.summary == "birds.migrations 1 delete, shop.fast 1 delete, shop.rows 1 delete")
            try await barn.clean(nil, at: nil, change)
            try await #expect(barn.sql("SELECT name FROM granary.environment") == "development")
            try await #expect(
                barn.sql("SELECT count(*) FROM shop.schema_migrations, shop.migrations, shop.countries") == "1"
            )
        }
    }

    @Test func aPartitionedTableIsCleanedAsOneAndItsKeptPartitionsAreNot() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; CREATE SCHEMA attic;
            CREATE TABLE shop.events (id int, at int) PARTITION BY LIST (at);
            CREATE TABLE shop.events_1 PARTITION OF shop.events FOR VALUES IN (1);
            CREATE TABLE shop.events_2 PARTITION OF shop.events FOR VALUES IN (2) PARTITION BY LIST (id);
            CREATE TABLE shop.events_2_1 PARTITION OF shop.events_2 FOR VALUES IN (1);
            CREATE TABLE attic.events_3 PARTITION OF shop.events FOR VALUES IN (3);
            INSERT INTO shop.events VALUES (1, 1), (2, 1), (1, 2), (5, 3);
            """
        ) { barn in
            let whole = try await barn.plan()
            #expect(whole.summary == "shop.events 4 delete")
            let parts = try await barn.plan(["shop"]) { $0.keep = ["events_2_1"] }
            #expect(parts.summary == "attic.events_3 1 delete, shop.events_1 2 delete")
            #expect(parts.keptSummary == "shop.events_2_1: --keep")
            // Kept tables of all schemas are listed.
            try await #expect(barn.plan(["shop"]) { $0.keep = ["events_3"] }.keptSummary == "attic.events_3: --keep")
            // Rows of a partition belong to its parent, so they stay if the parent is not cleaned.
            let attic = try await barn.plan(["attic"])
            #expect(attic.isEmpty)
            try await barn.clean { $0.keep = ["events_2"] }
            try await #expect(barn.sql("SELECT string_agg(at::text, ' ') FROM shop.events") == "2")
            try await barn.clean()
            try await #expect(barn.sql("SELECT count(*) FROM shop.events") == "0")
        }
    }

    @Test func aForeignPartitionKeepsItsRowsAndTheOthersLoseTheirs() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop;
            CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
            CREATE TABLE shop.events (id int, at int) PARTITION BY LIST (at);
            CREATE TABLE shop.near PARTITION OF shop.events FOR VALUES IN (1);
            CREATE FOREIGN TABLE shop.far PARTITION OF shop.events FOR VALUES IN (2) SERVER nowhere;
            INSERT INTO shop.near VALUES (1, 1);
            """
        ) { barn in
            let plan = try await barn.plan()
            #expect(plan.summary == "shop.near 1 delete")
            #expect(plan.keptSummary == "shop.far: a foreign table")
            try await #expect(barn.clean().summary == "shop.near 1")
        }
    }

    @Test func inheritedTablesAreEmptiedWithTheirParentUnlessKept() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; CREATE SCHEMA other;
            CREATE TABLE shop.animals (id int);
            CREATE TABLE other.birds (wings int) INHERITS (shop.animals);
            CREATE TABLE other.owls () INHERITS (other.birds);
            CREATE TABLE shop.vessels (id int); CREATE TABLE other.boats () INHERITS (shop.vessels); INSERT INTO other.boats VALUES (1);
            INSERT INTO shop.animals VALUES (1); INSERT INTO other.birds VALUES (2, 2); INSERT INTO other.owls VALUES (3, 2);
            """
        ) { barn in
            let plan = try await barn.plan()
            #expect(
                plan.summary == "other.birds 1 delete, other.boats 1 delete, other.owls 1 delete, shop.animals 1 delete"
            )
            #expect(plan.tables[0].because == "it inherits from shop.animals")
            let kept = try await barn.plan(["shop"]) { $0.keep = ["birds"] }
            #expect(kept.summary == "other.boats 1 delete, shop.animals 1 delete")
            try await #expect(barn.clean { $0.keep = ["birds"] }.summary == "other.boats 1, shop.animals 1")
            try await #expect(barn.sql("SELECT count(*) FROM shop.animals") == "2")
        }
    }

    @Test func largeTablesAreTruncatedWithWhatRefersToThem() async throws {
        // DELETE is used for tables of up to eight pages of 8192 bytes. Four rows of 2000 bytes fit on a page.
        try await TestProject.with(
            """
            CREATE SCHEMA shop; CREATE SCHEMA other;
            CREATE TABLE shop.at_limit (id int PRIMARY KEY, pad text);
            CREATE TABLE shop.above (id int PRIMARY KEY, pad text);
            CREATE TABLE shop.small (a int REFERENCES shop.above);
            CREATE TABLE shop.empty (a int REFERENCES shop.above);
            CREATE TABLE shop.further (id int PRIMARY KEY, s int REFERENCES shop.at_limit);
            INSERT INTO shop.at_limit SELECT i, repeat('x', 1900) FROM generate_series(1, 32) i;
            INSERT INTO shop.above SELECT i, repeat('x', 1900) FROM generate_series(1, 33) i;
            INSERT INTO shop.small VALUES (1), (2);
            """
        ) { barn in
            try await #expect(
                barn.sql("SELECT pg_relation_size('shop.at_limit'), pg_relation_size('shop.above')") == "65536|73728"
            )
            try await #expect(
                barn.plan().summary == "shop.above 33 truncate, shop.at_limit 32 delete, shop.small 2 truncate"
            )
            // If a kept table refers to it, even an empty one, TRUNCATE is not possible.
            try await barn.sql("CREATE TABLE other.kept (a int REFERENCES shop.above)")
            try await #expect(
                barn.plan().summary == "shop.above 33 delete, shop.at_limit 32 delete, shop.small 2 delete"
            )
            try await barn.sql("DROP TABLE other.kept")
            try await #expect(barn.clean().summary == "shop.above 33, shop.at_limit 32, shop.small 2")
            try await #expect(barn.rows() == "above 0, at_limit 0, empty 0, further 0, small 0")
        }
    }

    @Test func namesThatNeedQuotesAndTablesOfOneNameInTwoSchemas() async throws {
        try await TestProject.with(
            #"""
            CREATE SCHEMA "My Shop"; CREATE SCHEMA "a.b";
            CREATE TABLE "My Shop"."Größe ""x""" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
            CREATE TABLE "My Shop"."select" (u int REFERENCES "My Shop"."Größe ""x""");
            CREATE TABLE "a.b".c (u int); CREATE TABLE "My Shop"."Users" (u int);
            INSERT INTO "My Shop"."Größe ""x""" DEFAULT VALUES; INSERT INTO "My Shop"."select" VALUES (1);
            INSERT INTO "a.b".c VALUES (1); INSERT INTO "My Shop"."Users" VALUES (1);
            """#
        ) { barn in
            let plan = try await barn.plan(["My Shop", "a.b"]) { $0.keep = ["Users"] }
            #expect(plan.summary == "My Shop.Größe \"x\" 1 delete, My Shop.select 1 delete, a.b.c 1 delete")
            #expect(plan.sequences == ["My Shop.Größe \"x\"_id_seq"])
            try await barn.clean(["My Shop", "a.b"]) { $0.keep = ["My Shop.Users"] }
            try await #expect(barn.rows(of: "a.b") == "c 0")
            try await #expect(
                barn.sql("INSERT INTO \"My Shop\".\"Größe \"\"x\"\"\" DEFAULT VALUES RETURNING id") == "1"
            )
            let error = await failure { try await barn.plan(["My Shop"]) { $0.keep = ["users"] } }
            #expect(error?.code == .selection)
            #expect(error?.message == "there is no table users to keep")
        }
    }

    @Test func aSchemaThatIsNotThereIsNamedWithThoseThatAre() async throws {
        try await TestProject.with("CREATE SCHEMA shop") { barn in
            let error = await failure { try await barn.plan(["shop", "store"]) }
            #expect(error?.code == .selection)
            #expect(error?.message == "there is no schema store")
            #expect(error?.hint?.hasSuffix("there are public, shop") == true)
            try await #expect(barn.plan().isEmpty)
        }
    }

    @Test func unreadableHiddenAndForeignRowsAreReportedBeforehand() async throws {
        try await TestProject.with(
            """
            CREATE ROLE clean_user LOGIN; GRANT CREATE ON DATABASE :"DBNAME" TO clean_user;
            SET ROLE clean_user; CREATE SCHEMA shop; CREATE TABLE shop.own AS SELECT 1 AS a; RESET ROLE;
            CREATE TABLE shop.locked AS SELECT 1 AS a;
            CREATE TABLE shop.nothing_in_it (a int);
            """
        ) { barn in
            let plain = barn.url.replacing("user=granary", with: "user=clean_user")
            let unreadable = await failure { try await barn.clean(at: plain) }
            #expect(unreadable?.code == .obstacle)
            #expect(unreadable?.message == "clean_user may not read shop.locked")
            try await barn.sql("GRANT SELECT, DELETE, TRUNCATE ON shop.locked TO clean_user")
            let foreign = await failure { try await barn.clean(at: plain) }
            #expect(foreign?.message == "nothing was changed, because clean_user does not own shop.locked")
            try await barn.sql("ALTER TABLE shop.own ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            let hidden = await failure { try await barn.clean(at: plain) { $0.keep = ["locked"] } }
            #expect(hidden?.message == "row security hides rows of shop.own from clean_user")
            try await barn.sql("ALTER TABLE shop.own NO FORCE ROW LEVEL SECURITY")
            try await #expect(barn.clean(at: plain) { $0.keep = ["locked"] }.summary == "shop.own 1")
            try await #expect(barn.rows() == "locked 1, nothing_in_it 0, own 0")
            try await barn.sql("DROP OWNED BY clean_user CASCADE; DROP ROLE clean_user")
        }
    }

    @Test func materializedViewsThatKeepShowingTheRowsAreNoted() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; CREATE TABLE shop.a AS SELECT 1 AS a; CREATE TABLE shop.b (b int);
            CREATE MATERIALIZED VIEW shop.m AS SELECT * FROM shop.a; CREATE VIEW shop.v AS SELECT * FROM shop.a;
            CREATE MATERIALIZED VIEW shop.through AS SELECT * FROM shop.v;
            CREATE MATERIALIZED VIEW shop.second AS SELECT * FROM shop.m;
            CREATE MATERIALIZED VIEW shop.unfilled AS SELECT * FROM shop.a WITH NO DATA;
            CREATE MATERIALIZED VIEW shop.other AS SELECT * FROM shop.b;
            """
        ) { barn in
            try await #expect(
                barn.plan().notes
                    == ["m", "second", "through"].map {
                        "the materialized view shop.\($0) keeps showing the old rows until REFRESH MATERIALIZED VIEW"
                    }
            )
        }
    }
}
