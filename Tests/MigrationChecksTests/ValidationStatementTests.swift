import MigrationChecks
import Migrations
import SQLText
import TestSupport
import Testing

/// Checks of statements and of down files.
@Suite struct ValidationStatementTests {
    /// A single file, in a faulty and a correct form.
    private static func up(
        _ description: String,
        _ rule: ValidationRule,
        _ faulty: String,
        _ expected: String...,
        sound: String
    ) -> FaultCase {
        var fault = FaultCase(
            description,
            rule,
            ["migrations/1_a.up.sql": faulty],
            sound: ["migrations/1_a.up.sql": sound]
        )
        fault.expected = expected
        return fault
    }

    private static func pair(
        _ description: String,
        _ rule: ValidationRule,
        up: String,
        down: String,
        _ expected: String...,
        sound: String
    ) -> FaultCase {
        var fault = FaultCase(
            description,
            rule,
            ["migrations/1_a.up.sql": up, "migrations/1_a.down.sql": down],
            sound: ["migrations/1_a.down.sql": sound]
        )
        fault.expected = expected
        return fault
    }

    static let statements = [
        up(
            "every mistake with its line and column",
            .syntax,
            "SELECT 1;\n  CREATE TABEL shop.a ();\nSELECT 2;\nALTER TABLE shop.a ADD CONSTRAINT CHECK ();\nSELECT 'ä', , 2;",
            "error migrations/1_a.up.sql:2:10",
            "error migrations/1_a.up.sql:4:35",
            "error migrations/1_a.up.sql:5:13",
            sound: "SELECT 1; CREATE TABLE shop.a (); SELECT 'CREATE TABEL'; SELECT 'ä' -- why, 'ö'\n'b';"
        ),
        up(
            "a quotation that does not end",
            .syntax,
            "SELECT 1;\nSELECT 'a;\n",
            "error migrations/1_a.up.sql:2",
            sound: "SELECT 'a';"
        ),
        up(
            "newer syntax is left to the server",
            .newerSyntax,
            """
            CREATE TABLE shop.a (b int, c int GENERATED ALWAYS AS (b * 2) VIRTUAL);
            ALTER TABLE shop.a ADD CONSTRAINT d CHECK (b > 0) NOT ENFORCED;
            SELECT * FROM json_table('[1]', '$[*]' COLUMNS (a int PATH '$'));
            MERGE INTO shop.a USING shop.b ON a.b = b.b WHEN MATCHED THEN DELETE RETURNING a.b;
            SELECT * FROM (SELECT 1);
            """,
            "info migrations/1_a.up.sql:1:1",
            "info migrations/1_a.up.sql:2:1",
            "info migrations/1_a.up.sql:3:1",
            "info migrations/1_a.up.sql:4:1",
            "info migrations/1_a.up.sql:5:1",
            sound: "CREATE TABLE shop.a (b int, c int GENERATED ALWAYS AS (b * 2) STORED, virtual text);"
        ),
        up(
            "a mistake before newer syntax is a mistake",
            .syntax,
            "ALTER TABEL shop.a ADD CONSTRAINT d CHECK (b > 0) NOT ENFORCED;",
            "error migrations/1_a.up.sql:1:7",
            sound: "ALTER TABLE shop.a ADD CONSTRAINT d CHECK (b > 0) NOT ENFORCED;"
        ),
        up(
            "commands of psql",
            .psqlCommand,
            "SELECT 1;\n\\set a 1\n  \\i other.sql\n",
            "error migrations/1_a.up.sql:2",
            "error migrations/1_a.up.sql:3",
            sound: "\\restrict x\nSELECT '\\i other.sql'; -- \\set a 1\n\\unrestrict x\n"
        ),
        up(
            "rows of a COPY that do not end",
            .copyFromStdin,
            "SELECT 1;\nCOPY shop.a FROM STDIN;\n1\n",
            "error migrations/1_a.up.sql:2:1",
            sound: "COPY shop.a FROM '/tmp/a'; COPY shop.a TO STDOUT; COPY shop.a FROM STDIN;\n1\n\\.\n"
        ),
        up(
            "names without a schema, each once",
            .noSchema,
            "CREATE TABLE a (b int);\nINSERT INTO a VALUES (1);\nSELECT * FROM shop.c\n  JOIN d ON true;\nDROP FUNCTION f();",
            "warning migrations/1_a.up.sql:1:14",
            "warning migrations/1_a.up.sql:4:8",
            "warning migrations/1_a.up.sql:5:1",
            sound: """
                CREATE TEMP TABLE a (b int); INSERT INTO a VALUES (1);
                WITH d AS (SELECT 1) SELECT * FROM d JOIN pg_class ON true;
                CREATE INDEX i ON shop.c (e); CREATE EXTENSION pgcrypto; CREATE SCHEMA shop;
                CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT a FROM b';
                """
        ),
        up(
            "a search path says where names are",
            .noSchema,
            "CREATE TABLE a (b int);",
            "warning migrations/1_a.up.sql:1:14",
            sound: "SET search_path = shop;\nCREATE TABLE a (b int);"
        ),
        up(
            "writing into another service's schema",
            .foreignSchema,
            "CREATE SCHEMA shop;\nCREATE TABLE shop.a (b int REFERENCES billing.b);\nINSERT INTO users.u VALUES (1);",
            "error migrations/1_a.up.sql:2:39",
            "error migrations/1_a.up.sql:3:13",
            sound: """
                CREATE SCHEMA shop_private; CREATE TABLE shop_private.a (b int);
                SELECT * FROM users.u; INSERT INTO shop.b SELECT * FROM users.u; CREATE TABLE public.c ();
                CREATE SCHEMA shop;
                """
        ),
        up(
            "an enum value that is used in the transaction that adds it",
            .enumValueInUse,
            "ALTER TYPE shop.kind ADD VALUE 'new';\nINSERT INTO shop.a (kind) VALUES ('new');\nSELECT 1;",
            "error migrations/1_a.up.sql:2:1",
            sound: """
                ALTER TYPE shop.kind ADD VALUE 'new'; INSERT INTO shop.a (kind) VALUES ('old');
                ALTER TYPE shop.kind RENAME VALUE 'b' TO 'c'; INSERT INTO shop.a (kind) VALUES ('c');
                """
        ),
        up(
            "an enum value in a transaction of the file's own",
            .enumValueInUse,
            "BEGIN;\nALTER TYPE shop.kind ADD VALUE 'new';\nDO $$ BEGIN UPDATE shop.a SET kind = 'new'; END $$;\nCOMMIT;",
            "error migrations/1_a.up.sql:3:1",
            sound:
                "BEGIN;\nALTER TYPE shop.kind ADD VALUE 'new';\nCOMMIT;\nUPDATE shop.a SET kind = 'new' WHERE id = 1;"
        ),
        up(
            "an enum value without a transaction, or of a type of the same file",
            .enumValueInUse,
            "ALTER TYPE shop.kind ADD VALUE 'new';\nSELECT 'new'::shop.kind;",
            "error migrations/1_a.up.sql:2:1",
            sound: """
                -- no-transaction
                ALTER TYPE shop.kind ADD VALUE 'new';
                SELECT 'new'::shop.kind;
                """
        ),
        up(
            "a marker where nobody obeys it",
            .misplacedNoTransaction,
            "-- Index.\n-- no-transaction\nCREATE INDEX CONCURRENTLY i ON shop.a (b);",
            "warning migrations/1_a.up.sql:2",
            sound: "-- no-transaction\n-- Index.\nCREATE INDEX CONCURRENTLY i ON shop.a (b);"
        ),
        up(
            "the ledger goes",
            .dropsLedger,
            "CREATE SCHEMA shop;\nDROP SCHEMA shop CASCADE;\nDROP TABLE public.schema_migrations;\nDROP SCHEMA granary;",
            "warning migrations/1_a.up.sql:2:1",
            "warning migrations/1_a.up.sql:3:1",
            "warning migrations/1_a.up.sql:4:1",
            sound: "CREATE SCHEMA shop;\nDROP SCHEMA shop;\nDROP SCHEMA other CASCADE;\nDROP TABLE public.migrations;"
        ),
        up(
            "no comment says what the migration is for",
            .missingPurpose,
            "-- no-transaction\n-- granary: lock_timeout=2s\nCREATE TABLE shop.a ();",
            "info migrations/1_a.up.sql:1",
            sound: "-- no-transaction\n-- Things that are sold.\nCREATE TABLE shop.a ();"
        ),
    ]

    static let downs = [
        pair(
            "a down that drops what its up has not made",
            .downDropsMore,
            up: "CREATE TABLE shop.a (b int);\nALTER TABLE shop.c ADD COLUMN d int;\nCREATE INDEX i ON shop.c (d);",
            down:
                "DROP INDEX shop.i;\nDROP TABLE shop.a, shop.c;\nALTER TABLE shop.e DROP COLUMN d, DROP COLUMN f;\nDROP SCHEMA shop CASCADE;",
            "error migrations/1_a.down.sql:2:1",
            "error migrations/1_a.down.sql:3:1",
            "error migrations/1_a.down.sql:3:1",
            "error migrations/1_a.down.sql:4:1",
            sound:
                "DROP SEQUENCE shop.a_b_seq;\nDROP INDEX shop.i;\nALTER TABLE shop.c DROP COLUMN d;\nALTER TABLE shop.a DROP COLUMN b;\nDROP TABLE shop.a;"
        ),
        pair(
            "what is renamed or made again is not dropped for good",
            .downDropsMore,
            up: "ALTER TABLE shop.a RENAME TO b;\nALTER TABLE shop.c RENAME COLUMN x TO y;",
            down: "DROP TABLE shop.a;",
            "error migrations/1_a.down.sql:1:1",
            sound:
                "DROP TABLE shop.b;\nALTER TABLE shop.c DROP COLUMN y;\nDROP TRIGGER t ON shop.c;\nCREATE TRIGGER t BEFORE INSERT ON shop.c EXECUTE FUNCTION shop.f();"
        ),
        pair(
            "constraints of a table that is there",
            .downDropsMore,
            up: "ALTER TABLE shop.a ADD CONSTRAINT c CHECK (b > 0) NOT VALID, ADD UNIQUE (b);",
            down: "ALTER TABLE shop.a DROP CONSTRAINT c, DROP CONSTRAINT d;",
            "error migrations/1_a.down.sql:1:1",
            sound: """
                ALTER TABLE shop.a DROP CONSTRAINT c, DROP CONSTRAINT a_b_key;
                ALTER TABLE shop.a ADD CONSTRAINT e CHECK (b > 1) NOT VALID;
                ALTER TABLE shop.a DROP CONSTRAINT e;
                """
        ),
        pair(
            "what the down itself has made first",
            .downDropsMore,
            up: "ALTER TABLE shop.a ADD COLUMN n int;\nCREATE UNIQUE INDEX a_code ON shop.a (code);",
            down: "ALTER TABLE shop.a DROP COLUMN tmp, DROP COLUMN n;",
            "error migrations/1_a.down.sql:1:1",
            sound: """
                ALTER TABLE shop.a ADD COLUMN tmp int;
                ALTER TABLE shop.a DROP COLUMN tmp;
                ALTER TABLE shop.a DROP COLUMN n;
                ALTER TABLE shop.a DROP CONSTRAINT IF EXISTS a_code;
                DROP INDEX IF EXISTS shop.a_code;
                """
        ),
        pair(
            "a table that the up renames",
            .downDropsMore,
            up: "ALTER TABLE shop.a RENAME TO b;\nALTER TABLE shop.b ADD COLUMN n int, ADD CONSTRAINT c CHECK (n > 0);",
            down: "ALTER TABLE shop.c DROP COLUMN n;",
            "error migrations/1_a.down.sql:1:1",
            sound: "ALTER TABLE shop.b RENAME TO a;\nALTER TABLE shop.a DROP CONSTRAINT c, DROP COLUMN n;"
        ),
        pair(
            "the schema of a ledger, which was there before",
            .dropsLedger,
            up: "CREATE SCHEMA IF NOT EXISTS shop;",
            down: "DROP SCHEMA shop CASCADE;",
            "warning migrations/1_a.down.sql:1:1",
            sound: "DROP SCHEMA shop;"
        ),
        pair(
            "a schema that the up file creates has no ledger",
            .dropsLedger,
            up: "CREATE SCHEMA extra; CREATE SCHEMA IF NOT EXISTS more;",
            down: "DROP SCHEMA granary;",
            "warning migrations/1_a.down.sql:1:1",
            sound: "DROP SCHEMA extra CASCADE; DROP SCHEMA more CASCADE;"
        ),
        pair(
            "names that the server finds",
            .downDropsMore,
            up: "CREATE INDEX CONCURRENTLY ON shop.a (b);",
            down: "DROP INDEX CONCURRENTLY shop.c_b_idx;",
            "error migrations/1_a.down.sql:1:1",
            sound: "DROP INDEX CONCURRENTLY shop.a_b_idx;"
        ),
        pair(
            "a down that deletes what its up has not inserted",
            .downDeletesMore,
            up: "INSERT INTO shop.a (id, name) VALUES (1, 'x'), (2, 'y');",
            down: """
                DELETE FROM shop.a;
                DELETE FROM shop.a WHERE name LIKE '%';
                DELETE FROM shop.a WHERE id = 3;
                DELETE FROM shop.b WHERE id = 1;
                TRUNCATE shop.a;
                """,
            "error migrations/1_a.down.sql:1:1",
            "warning migrations/1_a.down.sql:2:1",
            "warning migrations/1_a.down.sql:3:1",
            "error migrations/1_a.down.sql:4:1",
            "error migrations/1_a.down.sql:5:1",
            sound: """
                DELETE FROM shop.a WHERE id IN (1, 2);
                DELETE FROM shop.a WHERE id = 1 AND name <> 'z';
                DELETE FROM shop.a WHERE id = ANY (ARRAY[1, 2]);
                DELETE FROM shop.a WHERE name = 'x' OR name = 'y';
                DELETE FROM shop.a WHERE id IN (SELECT id FROM shop.b);
                """
        ),
        pair(
            "a table that the up has made may be emptied",
            .downDeletesMore,
            up: "CREATE TABLE shop.a (b int); INSERT INTO shop.c SELECT 1;",
            down: "DELETE FROM shop.c;",
            "error migrations/1_a.down.sql:1:1",
            sound: "DELETE FROM shop.a;\nDELETE FROM shop.c WHERE b < 7;"
        ),
    ]

    @Test(arguments: statements + downs) func itIsFoundAndWhatLooksLikeItIsNot(_ fault: FaultCase) async throws {
        let (faulty, sound) = try await fault.run()
        #expect(faulty == fault.expected)
        #expect(sound == [])
    }

    @Test func excessiveDownFilesAreDescribedInASentence() async throws {
        let found = try await validation(of: [
            "migrations/1_a.up.sql": "-- A.\nINSERT INTO shop.a (id) VALUES (1);\nALTER TABLE shop.b ADD COLUMN c int;",
            "migrations/1_a.down.sql": """
            DELETE FROM shop.a;
            DELETE FROM shop.a WHERE id = 2;
            DELETE FROM shop.d WHERE id = 1;
            ALTER TABLE shop.b DROP CONSTRAINT e;
            DROP TRIGGER t ON shop.b;
            """,
        ])
        #expect(
            found.filter { $0.rule.hasPrefix("down-") }.map(\.message) == [
                "it deletes all rows of shop.a, not only those that its up file inserts",
                "it deletes rows of shop.a by other values than the keys that its up file inserts",
                "it deletes rows of shop.d, but its up file inserts none",
                "it drops the constraint e of shop.b, which its up file does not create",
                "it drops the trigger t, which its up file does not create",
            ]
        )
    }

    /// `CREATE INDEX shop.i` is a syntax error.
    @Test func aNewIndexHasNoSchemaOfItsOwn() async throws {
        let found = try await validation(of: [
            "migrations/1_a.up.sql": "-- A.\nCREATE INDEX CONCURRENTLY i ON a (b);",
            "migrations/1_a.down.sql": "DROP INDEX CONCURRENTLY i;",
        ]).filter { $0.rule == "no-schema" }
        #expect(found.map(\.place) == ["warning migrations/1_a.down.sql:1:1", "warning migrations/1_a.up.sql:2:32"])
    }

    @Test func aPurposeMayStandBehindSettings() async throws {
        for begin in ["SET lock_timeout = '2s';", "BEGIN;", "BEGIN; SET LOCAL lock_timeout = '2s';"] {
            let found = try await validation(of: ["migrations/1_a.up.sql": "\(begin)\n-- Things.\nSELECT 1;"])
            #expect(!found.contains { $0.rule == "missing-purpose" }, "\(begin)")
        }
        let late = try await validation(of: ["migrations/1_a.up.sql": "SELECT 1;\n-- Things.\nSELECT 1;"])
        #expect(late.contains { $0.rule == "missing-purpose" })
    }

    @Test func aDeclaredDependencyAllowsWritingIntoAnotherService() async throws {
        let files = [
            "orders/migrations/1_a.up.sql":
                "-- A.\nCREATE TABLE orders.a (id bigint REFERENCES people.users);",
            "orders/migrations/1_a.down.sql": "DROP TABLE orders.a;",
            "users/migrations/environments.json": "{\"schemas\": [\"people\"]}",
            "users/migrations/1_a.up.sql": "-- A.\nCREATE TABLE people.users (id bigint PRIMARY KEY);",
            "users/migrations/1_a.down.sql": "DROP TABLE people.users;",
        ]
        let found = try await validation(of: files, root: true).filter { $0.rule == "foreign-schema" }
        #expect(found.map(\.place) == ["error orders/migrations/1_a.up.sql:2:45"])
        #expect(
            found.first?.message
                == "it points at people.users, in the schema of users, without a declared cross-service dependency"
        )
        let declared = "{\"migrations\": {\"1\": {\"cross_service_depends_on\": {\"users\": [\"1\"]}}}}"
        let sound = files.merging(["orders/migrations/dependencies.json": declared]) { _, new in new }
        let silent = try await validation(of: sound, root: true).filter { $0.rule == "foreign-schema" }
        #expect(silent == [])
    }

    /// The service is named after its folder, which does not show its schema.
    @Test func theSchemaInWhichMostIsMadeIsTheServicesOwn() async throws {
        let found = try await validation(of: ["migrations/1_a.up.sql": "-- A.\nCREATE TABLE app.a ();"])
        #expect(found.filter { $0.rule == "foreign-schema" } == [])
    }

    @Test func pagesAreAskedForWhereTheyAreWritten() async throws {
        var files = ["migrations/000001_a.up.sql": soundUp, "migrations/000001_a.down.sql": soundDown]
        try await #expect(validation(of: files) == [])
        files["docs/migrations/000002_b.md"] = "# B"
        try await #expect(validation(of: files).map(\.rule) == ["missing-page"])
        files["docs/migrations/000001_a.md"] = "# A"
        try await #expect(validation(of: files) == [])
    }

    @Test(arguments: [
        ("SELECT 1_000", 16), ("SELECT 0xFF", 16), ("SELECT '{}' IS JSON", 16),
        ("SELECT JSON_OBJECT('a': 1)", 16),
        ("CREATE TABLE t (a text STORAGE external)", 16), ("GRANT a TO b WITH INHERIT TRUE", 16),
        ("ALTER TABLE t ADD COLUMN a text STORAGE external", 16), ("GRANT a TO b WITH ADMIN TRUE", 16),
        ("ALTER TABLE t ALTER COLUMN a SET STATISTICS DEFAULT", 17), ("SELECT a, count(*) FROM t GROUP BY ALL", 19),
        ("REPACK (CONCURRENTLY) t", 19),
        ("CREATE STATISTICS ON a, b FROM t", 16), ("REINDEX DATABASE", 16),
        ("MERGE INTO a USING b ON true WHEN NOT MATCHED BY SOURCE THEN DELETE", 17),
        ("ALTER TABLE t ALTER COLUMN c SET EXPRESSION AS (a * 2)", 17),
        ("SELECT now() AT LOCAL", 17), ("SELECT JSON_VALUE('{}', '$.a' RETURNING int)", 17),
        ("ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID", 18),
        ("CREATE TABLE t (a int, b daterange, PRIMARY KEY (a, b WITHOUT OVERLAPS))", 18),
        ("ALTER TABLE t ADD FOREIGN KEY (a, PERIOD b) REFERENCES u (a, PERIOD b)", 18),
        ("UPDATE t SET a = 1 RETURNING WITH (OLD AS o) o.a", 18),
    ])
    func newerSyntaxIsRecognizedByItsForm(_ statement: String, _ version: Int) throws {
        let script = try SQLScript(splitting: statement + ";")
        #expect(script.statements.map { $0.newerSyntax?.version } == [version])
    }

    @Test(arguments: [
        "SELECT FROM WHERE", "CREATE TABLE t (a int,)", "ALTER TABLE t ADD COLUM a int", "INSERT INTO t VALUES (1",
        "CREATE TABLE t (a text NOT ENFORCED_BY)", "SELECT 1 RETURNING a", "GRANT ALL t TO b", "SELEC 'IS JSON'",
        "CREATE TABLE t (a int STORED)", "SELECT 'a' \"b\" 'VIRTUAL'",
    ])
    func aSyntaxErrorIsNotNewerSyntax(_ statement: String) throws {
        let script = try SQLScript(splitting: statement + ";")
        #expect(script.statements.map { $0.newerSyntax } == [nil])
        #expect(script.statements[0].syntaxError != nil)
    }

    @Test(arguments: [
        "BEGIN;\nCREATE TABLE a (id int);\nROLLBACK;", "BEGIN;\nCREATE TABLE a (id int);\nABORT;",
        "CREATE TABLE a (id int);\n\nROLLBACK;", "START TRANSACTION;\nSELECT 1;\nROLLBACK WORK;",
        "BEGIN; COMMIT; BEGIN;\nCREATE TABLE a ();\nROLLBACK AND CHAIN; COMMIT;",
        "BEGIN;\nCREATE TABLE a ();\nPREPARE TRANSACTION 'x'; ROLLBACK PREPARED 'x';",
        "BEGIN;\nSAVEPOINT s; CREATE TABLE a (); ROLLBACK TO s;\nROLLBACK;",
    ])
    func aFileThatTakesBackWhatItDoesIsFoundAtItsRollback(text: String) async throws {
        let findings = try await validation(of: ["migrations/1_a.up.sql": text, "migrations/1_a.down.sql": "SELECT 1;"])
        #expect(findings.filter { $0.rule == "rolled-back" }.map(\.line) == [3])
    }

    @Test(arguments: [
        "BEGIN; SAVEPOINT s; CREATE TABLE e (id int); ROLLBACK TO s; CREATE TABLE f (id int); COMMIT;",
        "SAVEPOINT s; CREATE TABLE e (); SAVEPOINT t; ROLLBACK TO SAVEPOINT s; RELEASE s; CREATE TABLE f ();",
        "CREATE TABLE f (); SAVEPOINT s; DROP TABLE f; ROLLBACK TO s;",
        "BEGIN; ROLLBACK; CREATE TABLE f (id int);", "BEGIN; CREATE TABLE f (id int); COMMIT; ROLLBACK;",
        "CREATE TABLE f (id int); BEGIN; ROLLBACK;",
    ])
    func harmlessRollbacksAreNotFound(text: String) async throws {
        let findings = try await validation(of: ["migrations/1_a.up.sql": text])
        #expect(findings.filter { $0.rule == "rolled-back" } == [])
    }
}
