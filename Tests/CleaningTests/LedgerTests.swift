import Cleaning
import TestSupport
import Testing

/// Ledgers of other tools are kept. A table that only has the name of one is not.
@Suite struct LedgerTests {
    @Test func aLedgerIsKnownByItsNameAndItsColumns() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop;
            CREATE TABLE shop.schema_migration AS SELECT '1' AS version, 0 AS version_self;
            CREATE TABLE shop.gopg_migrations AS SELECT 1 AS id, 1::bigint AS version, now() AS created_at;
            CREATE TABLE shop.db_migrations AS SELECT 1::bigint AS version, 'x' AS name;
            CREATE TABLE shop.river_migration AS SELECT 'main' AS line, 1::bigint AS version;
            CREATE TABLE shop.migrations AS SELECT 1 AS id, 1::bigint AS timestamp, 'x' AS name;
            CREATE TABLE shop.our_versions AS SELECT 7::bigint AS version, false AS dirty;
            CREATE TABLE shop.goose_of_shop AS
                SELECT 1 AS id, 1::bigint AS version_id, true AS is_applied, now() AS tstamp;
            """
        ) { barn in
            try await barn.mark()
            let plan = try await barn.plan(["shop"]) { _ in }
            #expect(plan.summary == "")
            #expect(
                plan.keptSummary
                    == """
                    shop.db_migrations: the ledger of morph, shop.goose_of_shop: the ledger of goose, \
                    shop.gopg_migrations: the ledger of go-pg, shop.migrations: the ledger of TypeORM, \
                    shop.our_versions: the ledger of golang-migrate, shop.river_migration: the ledger of River, \
                    shop.schema_migration: the ledger of pop
                    """
            )
        }
    }

    @Test func aTableOfTheApplicationWithSuchANameIsEmptied() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop;
            CREATE TABLE shop.migrations AS SELECT 'swallow' AS species;
            CREATE TABLE shop.schema_version AS SELECT 'a' AS tenant, 'b' AS document;
            CREATE TABLE shop.db_migrations AS SELECT 'a' AS from_host, 'b' AS to_host;
            CREATE TABLE shop.changelog AS SELECT 'a' AS entry;
            CREATE TABLE shop.changes AS SELECT 'a' AS change_id, 'b' AS change;
            CREATE TABLE shop.flags AS SELECT 7::bigint AS version, false AS dirty, 'more' AS note;
            """
        ) { barn in
            try await barn.mark()
            let plan = try await barn.plan(["shop"]) { _ in }
            #expect(plan.keptSummary == "")
            #expect(
                plan.tables.map(\.name).sorted() == [
                    "shop.changelog", "shop.changes", "shop.db_migrations", "shop.flags", "shop.migrations",
                    "shop.schema_version",
                ]
            )
        }
    }
}
