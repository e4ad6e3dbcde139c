import Migrations
import TestSupport
import Testing

/// The ways to run a file: in granary's transaction, without a transaction, or in the file's own.
@Suite struct ModeTests {
    static let table = "CREATE SCHEMA shop; CREATE TABLE shop.a (id int); INSERT INTO shop.a VALUES (1), (1);"

    @Test(arguments: [
        "-- no-transaction", "-- +goose NO TRANSACTION", "-- migrate:up transaction:false", "-- atlas:txmode none",
        "--! no-transaction", "-- +migrate Up notransaction",
    ])
    func eachToolsMarkerMeansStatementByStatement(marker: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": Self.table]) { project in
            let text = "INSERT INTO shop.a VALUES (2);\nVACUUM shop.a;\nINSERT INTO shop.a VALUES (3);\nSELECT 1 / 0;"
            let unmarked = try project.writeMigration(text, to: "2_b.up.sql")
            let refused = await failure { try await project.up() }
            #expect(refused?.code == .file)
            #expect(refused?.description.hasPrefix("\(unmarked):2:1: VACUUM cannot run in a transaction") == true)
            #expect(refused?.hint?.contains("`-- no-transaction`") == true)
            try await #expect(
                project.sql("SELECT to_regnamespace('granary') IS NULL OR NOT EXISTS (SELECT FROM granary.migrations)")
                    == "t"
            )
            try project.writeMigration("\(marker)\n\(text)", to: "2_b.up.sql")
            let error = await failure { try await project.up() }
            #expect(error?.description.contains("2_b.up.sql:5:1: division by zero (SQLSTATE 22012)") == true)
            #expect(error?.description.contains("the first 3 of its 4 statements remain in effect") == true)
            try await #expect(project.sql("SELECT string_agg(id::text, ' ' ORDER BY id) FROM shop.a") == "1 1 2 3")
            try await #expect(project.states() == "1 applied, 2 failed")
            let blocked = await failure { try await project.up() }
            #expect(blocked?.code == .disagreement)
            #expect(blocked?.message.contains("was interrupted after statement 3 of 4") == true)
            // The corrected file continues where it stopped.
            try project.writeMigration("\(marker)\n\(text)".replacing("1 / 0", with: "1 / 1"), to: "2_b.up.sql")
            try await #expect(project.migrator().repair(trusting: nil).applied == ["2_b"])
            try await #expect(project.sql("SELECT count(*) FROM shop.a") == "4")
            try await #expect(project.states() == "1 applied, 2 applied")
        }
    }

    @Test func aFileOfOnlySuchStatementsRunsUnmarked() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": Self.table, "2_b.up.sql": "CREATE INDEX CONCURRENTLY i ON shop.a (id); VACUUM shop.a;",
            "2_b.down.sql": "DROP INDEX CONCURRENTLY shop.i;",
        ]) { project in
            try await project.up()
            try await #expect(
                project.sql(
                    "SELECT string_agg(concat_ws(' ', outcome, statements_done, wrapped), ', ' ORDER BY id) FROM granary.migration_log WHERE version = 2"
                ) == "running 0 f, running 1 f, running 2 f, done 2 f"
            )
            try await project.down()
            try await #expect(project.sql("SELECT to_regclass('shop.i') IS NULL") == "t")
            try await #expect(project.ledger() == "1")
        }
    }

    @Test func aFilesOwnTransactionHoldsTheLedgersRowToo() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql":
                "BEGIN;\nCREATE SCHEMA shop;\nCREATE TABLE shop.a AS SELECT pg_current_xact_id()::text AS x;\nCOMMIT;\n",
            "1_a.down.sql": "BEGIN; DROP SCHEMA shop CASCADE; COMMIT;",
        ]) { project in
            try await project.up()
            try await #expect(project.sql("SELECT m.xmin::text = a.x FROM granary.migrations m, shop.a") == "t")
            try await project.down()
            try await #expect(project.ledger() == "")
            try project.writeMigration("BEGIN; CREATE SCHEMA shop; SELECT 1 / 0; COMMIT;", to: "1_a.up.sql")
            let error = await failure { try await project.up() }
            #expect(error?.description.contains("1_a was rolled back") == true)
            try await #expect(project.sql("SELECT to_regnamespace('shop') IS NULL") == "t")
            try await #expect(project.states() == "1 failed")
            try await #expect(project.ledger() == "")
            // A deferred constraint fails only at COMMIT, after the ledger row was written.
            try project.writeMigration(
                """
                SET client_min_messages = error;
                BEGIN; CREATE SCHEMA shop; CREATE TABLE shop.a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
                INSERT INTO shop.a VALUES (1), (1); COMMIT;
                """,
                to: "1_a.up.sql"
            )
            let late = await failure { try await project.up() }
            #expect(late?.sqlState == "23505")
            #expect(late?.message.contains("1_a was rolled back") == true)
            try await #expect(project.ledger() == "")
            try await #expect(project.states() == "1 failed")
        }
    }

    @Test func aFileOfSeveralTransactionsKeepsThoseThatWereCommitted() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "BEGIN; CREATE SCHEMA shop; COMMIT; BEGIN; CREATE TABLE shop.a (); SELECT 1 / 0; COMMIT;"
        ]) { project in
            let error = await failure { try await project.up() }
            #expect(
                error?.description.contains("the first 3 of its 7 statements remain in effect") == true,
                "\(error?.description ?? "")"
            )
            try await #expect(
                project.sql("SELECT to_regnamespace('shop') IS NOT NULL, to_regclass('shop.a') IS NULL") == "t|t"
            )
            try project.writeMigration(
                "BEGIN; CREATE SCHEMA shop; COMMIT; BEGIN; CREATE TABLE shop.a (); COMMIT;",
                to: "1_a.up.sql"
            )
            _ = try await project.migrator().repair(trusting: nil)
            try await #expect(project.states() == "1 applied")
            try await #expect(project.sql("SELECT to_regclass('shop.a') IS NOT NULL") == "t")
        }
    }

    /// The log is written as the role that connected, whatever role the file sets.
    @Test(arguments: [
        "SET ROLE pg_monitor;\nRESET ROLE; SET ROLE pg_monitor; SELECT 1;",
        "-- no-transaction\nSET ROLE pg_monitor;\nVACUUM pg_class;\nSELECT 1;",
        "BEGIN; SET ROLE pg_monitor; SELECT 1; COMMIT;",
        "BEGIN; SELECT 1; COMMIT; SET ROLE pg_monitor; BEGIN; SELECT 1; COMMIT;",
    ])
    func aFileMayTakeAnotherRole(text: String) async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": text, "2_b.up.sql": "CREATE TABLE public.who AS SELECT current_user::text AS name",
        ]) { project in
            try await project.up()
            try await #expect(project.states() == "1 applied, 2 applied")
            try await #expect(project.sql("SELECT name <> 'pg_monitor' FROM public.who") == "t")
        }
    }

    @Test(arguments: [
        ("SELECT 1;\n\\i other.sql\n", ":2: \\i is a command of psql"),
        ("SELECT 1;\n\nCOPY shop.a FROM STDIN;\n1\n", ":3:1: the rows of this COPY do not end"),
        ("SELECT 1;\nSELECT 'open;\n", ":2"),
    ])
    func psqlCommandsAreRefusedWithTheLine(_ file: (text: String, place: String)) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": "CREATE SCHEMA shop;", "2_b.up.sql": file.text]) {
            project in
            let error = await failure { try await project.up() }
            #expect(error?.code == .file)
            #expect(error?.description.contains("2_b.up.sql\(file.place)") == true, "\(error?.description ?? "")")
            #expect(error?.hint != nil)
            try await #expect(project.sql("SELECT to_regnamespace('shop') IS NULL") == "t")
        }
    }

    @Test(arguments: ["", "-- no-transaction\n", "BEGIN;\n"])
    func aCopyBringsItsRows(begin: String) async throws {
        let copy = "COPY shop.a (id, note) FROM stdin;\n1\tit's; fine\n2\t\\N\n\\.\n"
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int, note text);",
            "2_b.up.sql": "\(begin)\(copy)COPY shop.a FROM stdin;\n\\.\nINSERT INTO shop.a VALUES (3, 'x');\n"
                + (begin.hasPrefix("BEGIN") ? "COMMIT;\n" : ""),
        ]) { project in
            try await project.up()
            try await #expect(project.states() == "1 applied, 2 applied")
            try await #expect(
                project.sql("SELECT string_agg(concat(id, note), ',' ORDER BY id) FROM shop.a") == "1it's; fine,2,3x"
            )
        }
    }

    /// A value of the file helps to find the fault, unless it is a secret. A row of the table is never shown.
    @Test(arguments: [
        (
            "COPY shop.a (id, n) FROM stdin;\n1\t1\n2\tten\n\\.\n",
            #"1_a.up.sql:4: invalid input syntax for type integer: "ten" "#
        ),
        (
            "COPY shop.a (id, token) FROM stdin;\n1\t1\n2\tten\n\\.\n",
            #"1_a.up.sql:4: invalid input syntax for type integer: "…" "#
        ),
        (
            "INSERT INTO shop.a (id, n) VALUES (1, 'ten');",
            #"1_a.up.sql:2:39: invalid input syntax for type integer: "ten" "#
        ),
        ("INSERT INTO shop.a (id, token) VALUES (1, 'ten');", #"invalid input syntax for type integer: "…" "#),
        ("INSERT INTO shop.b VALUES ('ten'); ALTER TABLE shop.b ALTER x TYPE int USING x::int;", #"integer: "…" "#),
    ])
    func aValueOfTheFileIsShownWhereItIsWrong(statements: String, message: String) async throws {
        let tables =
            "CREATE SCHEMA shop; CREATE TABLE shop.a (id int, n int, token int); CREATE TABLE shop.b (x text);\n"
        try await TestProject.with(migrations: ["1_a.up.sql": tables + statements]) { project in
            let error = try #require(await failure { try await project.up() })
            #expect(error.description.contains(message), "\(error)")
            try await #expect(project.sql("SELECT to_regnamespace('shop') IS NULL") == "t")
        }
    }

    /// In the form that pg_dump 17 writes.
    @Test func aDumpCanBeTheFirstMigration() async throws {
        let dump = """
            --
            -- PostgreSQL database dump
            --

            \\restrict abc

            SET statement_timeout = 0;
            SET lock_timeout = 0;
            SET transaction_timeout = 0;
            SET client_encoding = 'UTF8';
            SELECT pg_catalog.set_config('search_path', '', false);
            SET default_table_access_method = heap;
            CREATE SCHEMA shop;
            CREATE TABLE shop.a (
                id integer
            );
            COPY shop.a (id) FROM stdin;
            1
            2
            \\.

            \\unrestrict abc

            """
        try await TestProject.with(migrations: ["1_a.up.sql": dump, "2_b.up.sql": "INSERT INTO shop.a VALUES (3);"]) {
            project in
            try await project.up()
            try await #expect(project.sql("SELECT sum(id) FROM shop.a") == "6")
        }
    }

    @Test func theDetailOfTheServerAndTheAdviceAreOneSentence() async throws {
        let text = "CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO a VALUES (4711), (4711);"
        try await TestProject.with(migrations: ["1_a.up.sql": text]) { project in
            let error = try #require(await failure { try await project.up() })
            #expect(error.hint == "Key (id) already exists; correct the file and run the command again")
        }
    }

    @Test(arguments: [
        (
            "CREATE TABLE a (id int);\nDO $$\nBEGIN\n  PERFORM 1;\n  INSERT INTO a SELECT missing FROM a;\nEND $$;",
            "1_a.up.sql:5:24: column \"missing\" does not exist (SQLSTATE 42703) in line 4 of the DO block;"
        ),
        (
            "CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $b$\nBEGIN\n  RAISE EXCEPTION 'no';\nEND $b$;\nSELECT 1;\nSELECT f(1);",
            "1_a.up.sql:3: no (SQLSTATE P0001) in line 3 of f(integer), in \"SELECT f(1)\";"
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN\n  RETURN 1 / 0;\nEND';\nDO LANGUAGE plpgsql $$ BEGIN\nPERFORM f(); END $$;",
            "1_a.up.sql:2: division by zero (SQLSTATE 22012) in line 2 of f(), called in line 2 of the DO block;"
        ),
        (
            "CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO a VALUES (4711), (4711);",
            "1_a.up.sql:2:1: duplicate key value violates unique constraint \"a_pkey\" (SQLSTATE 23505)"
        ),
    ])
    func anErrorIsPlacedInTheBodyThatItIsIn(text: String, expected: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": text]) { project in
            let error = try #require(await failure { try await project.up() })
            #expect(error.description.contains(expected), "\(error)")
            #expect(!"\(error) \(error.hint ?? "")".contains("4711"))
        }
    }

    @Test func aProcedureThatCommitsGetsAHint() async throws {
        let procedure = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;"
        try await TestProject.with(migrations: ["1_a.up.sql": procedure, "2_b.up.sql": "CALL p();"]) { project in
            let error = try #require(await failure { try await project.up() })
            #expect(error.sqlState == "2D000")
            #expect(error.hint?.contains("begin the file with the line `-- no-transaction`") == true)
            try project.writeMigration("-- no-transaction\nCALL p();", to: "2_b.up.sql")
            try await project.up()
            try await #expect(project.states() == "1 applied, 2 applied")
        }
    }

    @Test func unparsableStatementsAreLeftToTheServer() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);\nFROBNICATE shop.a;"
        ]) { project in
            let error = await failure { try await project.up() }
            #expect(error?.code == .statement)
            #expect(error?.sqlState == "42601")
            #expect(error?.description.contains("1_a.up.sql:2:1: syntax error") == true, "\(error?.description ?? "")")
            try await #expect(project.sql("SELECT to_regnamespace('shop') IS NULL") == "t")
        }
    }

    @Test func anIndexThatFailsOnDuplicatesLeavesNoInvalidOneBehind() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": Self.table, "2_b.up.sql": "CREATE UNIQUE INDEX CONCURRENTLY i ON shop.a (id);",
        ]) { project in
            let error = await failure { try await project.up() }
            #expect(error?.sqlState == "23505")
            #expect(error?.description.contains("the INVALID index shop.i that it left was dropped") == true)
            #expect(error?.description.contains("(1)") == false)
            try await #expect(project.sql("SELECT to_regclass('shop.i') IS NULL") == "t")
            try await project.sql("DELETE FROM shop.a")
            try await #expect(project.up().appliedSteps.map(\.version) == [2])
        }
    }

    @Test func anInvalidIndexOfAnEarlierAttemptIsNotTakenForTheRealOne() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": Self.table, "2_b.up.sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON shop.a (id);",
        ]) { project in
            try await project.up(1)
            try await project.sql("CREATE INDEX i ON shop.a (id)")
            try await project.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.i'::regclass")
            try await project.up()
            try await #expect(
                project.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop.i'::regclass") == "t"
            )
        }
    }
}
