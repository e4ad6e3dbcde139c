import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Rows are loaded into an existing schema by its owner, who is no superuser.
@Suite(.serialized)
struct DataOnlyTests {
    private static let schema = """
        CREATE TABLE chicken (id integer PRIMARY KEY, egg integer);
        CREATE TABLE egg (id integer PRIMARY KEY, chicken integer CONSTRAINT hatches REFERENCES chicken);
        ALTER TABLE chicken ADD CONSTRAINT lays FOREIGN KEY (egg) REFERENCES egg DEFERRABLE;
        COMMENT ON CONSTRAINT lays ON chicken IS 'first';
        CREATE TABLE node (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up integer REFERENCES node, twice integer GENERATED ALWAYS AS (id * 2) STORED);
        CREATE TABLE parted (id integer, chicken integer REFERENCES chicken) PARTITION BY LIST (id);
        CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
        CREATE TABLE loose (id integer, CONSTRAINT old FOREIGN KEY (id) REFERENCES egg);
        CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger ran'; END $$;
        INSERT INTO chicken VALUES (1, NULL), (2, NULL);
        INSERT INTO egg VALUES (1, 2), (2, 1);
        UPDATE chicken SET egg = id;
        INSERT INTO node (up) VALUES (NULL), (1), (2);
        INSERT INTO parted VALUES (1, 1), (1, 2);
        CREATE TRIGGER always_stop BEFORE INSERT ON egg FOR EACH ROW EXECUTE FUNCTION stop();
        ALTER TABLE egg ENABLE ALWAYS TRIGGER always_stop;
        CREATE TRIGGER on_parted BEFORE INSERT ON parted FOR EACH ROW EXECUTE FUNCTION stop();
        CREATE TRIGGER off BEFORE INSERT ON node FOR EACH ROW EXECUTE FUNCTION stop();
        ALTER TABLE node DISABLE TRIGGER off;
        CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM egg;
        """

    /// A rollback does not undo `setval` by itself.
    @Test func aRestoreThatFailsAtItsEndLeavesSequencesWhereTheyWere() async throws {
        try await withDatabase(
            """
            CREATE TABLE t (id serial PRIMARY KEY);
            INSERT INTO t SELECT FROM generate_series(1, 5);
            CREATE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 42';
            CREATE MATERIALIZED VIEW answers AS SELECT public.answer();
            """
        ) { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let state = "SELECT last_value, is_called, (SELECT count(*) FROM t) FROM t_id_seq"
            try await psql(
                url,
                """
                INSERT INTO t SELECT FROM generate_series(1, 3);
                CREATE OR REPLACE FUNCTION answer() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
                """
            )
            await #expect(throws: (any Error).self) {
                try await restore(folder.file("a.zip"), url) { $0.dataOnly = true }
            }
            try await #expect(psql(url, state) == "8|t|8")
            try await psql(url, "CREATE OR REPLACE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 42'")
            try await restore(folder.file("a.zip"), url) { $0.dataOnly = true }
            // Numbers that were returned since the backup are not returned again.
            try await #expect(psql(url, state) == "8|t|5")
        }
    }

    @Test func anOwnerWhoIsNoSuperuserReplacesAllRowsUnderForeignKeys() async throws {
        let server = try await ThrowawayServer.shared()
        try await psql(server.url(database: "postgres"), "CREATE ROLE plain_owner LOGIN")
        try await ScratchFolder.with { folder in
            try await server.withDatabase(options: "OWNER plain_owner") { url in
                let plain = url.replacing("user=granary", with: "user=plain_owner")
                try await psql(
                    plain,
                    "CREATE SCHEMA own; ALTER ROLE plain_owner IN DATABASE \(url.databaseName) SET search_path = own"
                )
                try await psql(plain, Self.schema)
                let original = try await DatabasePortrait.of(url)
                let properties = try await DatabasePortrait.properties(url)
                try await backup(plain, to: folder.file("a.zip"))
                try await psql(
                    plain,
                    """
                    UPDATE chicken SET egg = 1; ALTER TABLE egg DISABLE TRIGGER always_stop; INSERT INTO egg VALUES (7, 1);
                    ALTER TABLE egg ENABLE ALWAYS TRIGGER always_stop; INSERT INTO loose VALUES (7);
                    INSERT INTO node (up) VALUES (3); ALTER SEQUENCE node_id_seq RESTART; REFRESH MATERIALIZED VIEW counts
                    """
                )
                let report = try await restore(folder.file("a.zip"), plain) { $0.dataOnly = true }
                #expect(report.rows == 9)
                #expect(report.invalid == [])
                expectSame(try await .of(url), original)
                #expect(try await DatabasePortrait.properties(url) == properties)
            }
        }
        try await psql(server.url(database: "postgres"), "DROP ROLE plain_owner")
    }

    @Test func aKeyThatDoesNotHoldStopsItOrIsLeftNotValid() async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            try await backup(url, to: folder.file("a.zip")) { $0.tablesWithoutData = ["egg"] }
            try await psql(
                url,
                "ALTER TABLE egg DISABLE TRIGGER always_stop; UPDATE chicken SET egg = NULL; DELETE FROM egg"
            )
            let before = try await DatabasePortrait.of(url)
            let error = await failure { try await restore(folder.file("a.zip"), url) { $0.dataOnly = true } }
            #expect(error?.message.contains("lays") == true)
            #expect(error?.hint?.contains("--allow-invalid") == true)
            expectSame(try await .of(url), before)
            let report = try await restore(folder.file("a.zip"), url) {
                $0.dataOnly = true
                $0.allowInvalid = true
            }
            #expect(report.invalid.count == 1)
            #expect(report.invalid.first?.contains("lays") == true)
            #expect(
                try await psql(url, "SELECT conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated")
                    == "lays"
            )
            try await #expect(psql(url, "SELECT count(egg) FROM chicken") == "2")
        }
    }

    @Test func aDomainThatRefusesRowsStopsItAlsoWhereInvalidRowsAreAllowed() async throws {
        let schema = """
            CREATE DOMAIN small AS int; CREATE TABLE sized (v small); INSERT INTO sized VALUES (100);
            ALTER DOMAIN small ADD CONSTRAINT below CHECK (VALUE < 10) NOT VALID;
            """
        try await withDatabase(schema) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await psql(url, "DELETE FROM sized")
            let error = try await #require(throws: PostgresError.self) {
                _ = try await restore(folder.file("a.zip"), url) {
                    $0.dataOnly = true
                    $0.allowInvalid = true
                }
            }
            #expect("\(error)".contains("violates check constraint \"below\""), "\(error)")
            try await #expect(psql(url, "SELECT count(*) FROM sized") == "0")
        }
    }

    @Test func tablesThatAreNotThereAreNamed() async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await psql(url, "DROP TABLE node, loose")
            let before = try await DatabasePortrait.of(url)
            let error = await failure { try await restore(folder.file("a.zip"), url) { $0.dataOnly = true } }
            #expect(error?.code == .preflight)
            #expect(error?.message.contains("public.node") == true)
            #expect(error?.message.contains("public.loose") == true)
            expectSame(try await .of(url), before)
        }
    }
}
