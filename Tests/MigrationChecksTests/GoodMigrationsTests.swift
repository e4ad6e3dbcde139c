import FoundationEssentials
import MigrationChecks
import PostgresClient
import TestSupport
import Testing

/// SQL as an experienced team writes it, which must cause no findings.
@Suite struct GoodMigrationsTests {
    /// The pairs of `Tests/good-migrations`, with their entries in `dependencies.json`.
    private static func with(_ body: (TestProject) async throws -> Void) async throws {
        let file = #filePath
        let folder = String(file[..<(try #require(file.firstRange(of: "/MigrationChecksTests/"))).lowerBound])
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/good-migrations").sorted()
        try #require(names.count == 57)
        try await TestProject.with(migrations: [:]) { project in
            for name in names {
                let text = String(decoding: readFile("\(folder)/good-migrations/\(name)"), as: UTF8.self)
                try project.writeMigration(text, to: name)
            }
            try await body(project)
        }
    }

    @Test func aFolderOfGoodMigrationsHasNoFindings() async throws {
        try await Self.with { project in
            try await #expect(validation(in: project.folder.path) == [])
        }
    }

    @Test func theReplayHasNothingToSayEither() async throws {
        try await Self.with { project in
            let report = try await project.replay()
            #expect(report.findings == [])
            #expect(report.steps.count == 28)
        }
    }

    /// Statements of PostgreSQL 12 to 18. For those that the parser does not know, the finding says that only the
    /// server can check them.
    @Test(arguments: [
        "CREATE TABLE shop.g (id bigint PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);",
        "CREATE TABLE shop.g (id bigint PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);",
        "CREATE TABLE shop.g (id uuid PRIMARY KEY DEFAULT uuidv7());",
        "CREATE TABLE shop.g (id bigint PRIMARY KEY, label text UNIQUE NULLS NOT DISTINCT);",
        "CREATE TABLE shop.g (id bigint, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));",
        "CREATE TABLE shop.g (id bigint PRIMARY KEY, at timestamptz) PARTITION BY HASH (id);\n"
            + "CREATE TABLE shop.g0 PARTITION OF shop.g FOR VALUES WITH (MODULUS 2, REMAINDER 0);",
        "CREATE TABLE shop.g (LIKE shop.orders INCLUDING ALL);",
        "CREATE TABLE shop.g AS SELECT * FROM json_table('[]'::jsonb, '$[*]' COLUMNS (a int PATH '$.a'));",
        "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";",
        "CREATE EXTENSION postgis;\nCREATE TABLE shop.g (id bigint PRIMARY KEY, at geography(Point, 4326));",
        "ALTER TABLE shop.orders ADD COLUMN IF NOT EXISTS a int, ADD COLUMN IF NOT EXISTS b int;",
        "ALTER TABLE shop.orders ADD COLUMN a text STORAGE EXTERNAL;",
        "ALTER TABLE shop.orders ADD COLUMN token uuid DEFAULT '00000000-0000-0000-0000-000000000000';",
        "ALTER TABLE shop.orders ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();",
        "ALTER TABLE shop.orders ALTER COLUMN note SET COMPRESSION lz4;",
        "ALTER TABLE shop.orders ALTER COLUMN note SET STATISTICS DEFAULT;",
        "ALTER TABLE shop.orders ADD CONSTRAINT n NOT NULL note NOT VALID;",
        "ALTER TABLE shop.orders ADD CONSTRAINT c CHECK (id > 0) NOT ENFORCED;",
        "ALTER TABLE shop.orders REPLICA IDENTITY FULL;",
        "ALTER TYPE shop.mood ADD VALUE IF NOT EXISTS 'new' AFTER 'old';",
        "CREATE TYPE shop.mood AS ENUM ('a');\nALTER TYPE shop.mood ADD VALUE 'b';",
        "BEGIN;\nSET LOCAL lock_timeout = '2s';\nALTER TABLE shop.orders ADD COLUMN q int;\nCOMMIT;",
        "MERGE INTO shop.orders o USING (VALUES (1)) v (id) ON o.id = v.id WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id);",
        "MERGE INTO shop.orders o USING (VALUES (1)) v (id) ON o.id = v.id WHEN NOT MATCHED BY SOURCE THEN DELETE;",
        "UPDATE shop.orders SET note = 'x' WHERE id = 1 RETURNING old.note, new.note;",
        "INSERT INTO shop.orders (id, note) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET note = excluded.note;",
        "WITH gone AS (DELETE FROM shop.orders WHERE id < 5 RETURNING id) SELECT count(*) FROM gone;",
        "CREATE INDEX CONCURRENTLY i ON shop.orders (note) NULLS NOT DISTINCT;", "REINDEX INDEX CONCURRENTLY shop.i;",
        "CREATE VIEW shop.v WITH (security_invoker = true) AS SELECT id FROM shop.orders;\nGRANT SELECT ON shop.v TO ro;",
        "CREATE FUNCTION shop.f(a int) RETURNS int LANGUAGE sql RETURN a + 1;",
        "CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.f();",
        "DO $$ BEGIN CREATE TYPE shop.mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
        "CREATE PUBLICATION p FOR TABLE shop.orders (id, note) WHERE (id > 10);",
        "ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA shop GRANT SELECT ON TABLES TO ro;",
        "CREATE ROLE app LOGIN;\nGRANT pg_read_all_data TO app WITH INHERIT TRUE;",
        "SELECT cron.schedule('nightly', '0 3 * * *', $$DELETE FROM shop.orders$$);",
        "SELECT create_hypertable('shop.orders', 'placed');", "VACUUM ANALYZE shop.orders;",
    ])
    func aGoodStatementHasNoFindings(_ statement: String) async throws {
        let findings = try await validation(of: [
            "migrations/000001_a.up.sql":
                "-- Orders.\nCREATE SCHEMA shop;\nCREATE TABLE shop.orders (id bigint PRIMARY KEY, note text);\n",
            "migrations/000001_a.down.sql": "DROP TABLE shop.orders;\nDROP SCHEMA shop;\n",
            "migrations/000002_b.up.sql": "-- What it is for.\n\(statement)\n",
            "migrations/000002_b.down.sql": "-- nothing to undo: it is an example\n",
        ])
        #expect(findings.filter { $0.rule != "newer-syntax" } == [])
    }
}
